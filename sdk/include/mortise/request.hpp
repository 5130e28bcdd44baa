// What a client asks.
#pragma once

#include <mortise/abi/http.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <mortise/error.hpp>
#include <mortise/json.hpp>
#include <mortise/text.hpp>
#include <mortise/time_left.hpp>

namespace mortise {

/// One request: a view, cheap to copy. It and the views that it returns point into the host's memory, which is valid
/// while the handler runs; after Response::defer() or stream(), until that is answered: a copy of this object is what
/// to take along. since 1.0 [any-thread]; read_body() one thread at a time
class Request {
 public:
  /// JSON nested deeper than this is refused: it would overflow the stack of whoever copies or prints it.
  static constexpr std::size_t kMaxJsonDepth = detail::kMaxJsonDepth;

  Request(const mortise_http_v1* table, mortise_http_exchange* exchange, const mortise_http_request_v1* raw) noexcept
      : table_(table), exchange_(exchange), raw_(raw) {}

  [[nodiscard]] std::string_view method() const noexcept { return detail::view(raw_->method); }
  /// As sent: "/notes/a%20b?page=2"; path() is the part before the '?', also as sent.
  [[nodiscard]] std::string_view target() const noexcept { return detail::view(raw_->target); }
  [[nodiscard]] std::string_view path() const noexcept { return detail::view(raw_->path); }
  /// The request's id, which the answer's X-Request-Id header and the log carry.
  [[nodiscard]] std::string_view id() const noexcept { return detail::view(raw_->id); }
  /// The peer, with its port: "127.0.0.1:53122".
  [[nodiscard]] std::string_view remote_address() const noexcept { return detail::view(raw_->remote_address); }
  /// Whether it arrived over TLS.
  [[nodiscard]] bool is_secure() const noexcept { return (raw_->flags & MORTISE_HTTP_REQUEST_SECURE) != 0; }

  /// A parameter of the route's pattern, decoded. Throws `internal` for a name that the pattern does not have.
  [[nodiscard]] std::string_view param(std::string_view name) const {
    for (std::uint64_t i = 0; i < raw_->param_count; ++i) {
      if (detail::view(raw_->params[i].name) == name) return detail::view(raw_->params[i].value);
    }
    throw Error(Status::internal, "the route's pattern has no parameter '" + std::string(name) + "'");
  }

  /// A header field, whatever the case of its name; the first one when there are several.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept {
    for (std::uint64_t i = 0; i < raw_->header_count; ++i) {
      if (detail::equals_ignoring_case(detail::view(raw_->headers[i].name), name)) {
        return detail::view(raw_->headers[i].value);
      }
    }
    return std::nullopt;
  }

  /// A parameter of the query, decoded; the first one when there are several; "" for one without '='.
  [[nodiscard]] std::optional<std::string> query(std::string_view name) const {
    auto rest = detail::view(raw_->query);
    while (!rest.empty()) {
      const auto pair = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      const auto equals = std::min(pair.find('='), pair.size());
      if (detail::decode_query(pair.substr(0, equals)) != name) continue;
      return detail::decode_query(pair.substr(std::min(pair.size(), equals + 1)));
    }
    return std::nullopt;
  }

  /// The whole body; empty on a route that streams it.
  [[nodiscard]] std::string_view body() const noexcept { return detail::view(raw_->body); }

  /// The body as JSON. Throws `invalid_argument` (a 400 that says where) when it is none.
  [[nodiscard]] nlohmann::json json() const { return detail::parse_json(body(), "the body", Status::invalid_argument); }

  /// The body as a T, by nlohmann's from_json. Throws `invalid_argument` (a 400 that says what is wrong) when it does
  /// not fit.
  template <class T>
  [[nodiscard]] T json_as() const {
    const auto document = json();
    try {
      return document.get<T>();
    } catch (const nlohmann::json::exception& failure) {
      throw Error(Status::invalid_argument, "the body's JSON is not what is expected: " + detail::why(failure));
    }
  }

  /// The next piece of the body on a route with RouteOptions::stream_body, into `buffer`; 0 at its end. Waits for at
  /// least one byte. Throws `out_of_range` past the route's limit, `cancelled` when the client is gone,
  /// `deadline_exceeded` when it stalls, `invalid_argument` when what it sends is malformed.
  [[nodiscard]] std::size_t read_body(std::span<std::uint8_t> buffer) const {
    std::uint64_t size = 0;
    const auto status = table_->read_body(exchange_, buffer.data(), buffer.size(), &size);
    if (status == MORTISE_FAILED_PRECONDITION) {
      throw Error(Status::internal, "this route does not stream its body; set RouteOptions::stream_body");
    }
    detail::check(status, why_unread(status));
    return static_cast<std::size_t>(size);
  }

  /// How long the client waits yet before it is answered with a 504: who will not be done by then may give up at once.
  /// Zero: it is answered, or about to be, or it has gone. None: there is no deadline, or none any more, as the answer
  /// is streamed; a host older than ABI 1.1 tells of none. since 1.1
  [[nodiscard]] std::optional<std::chrono::milliseconds> time_left() const noexcept {
    if (!MORTISE_HAS(mortise_http_v1, table_, time_left_ms)) return std::nullopt;
    return detail::to_time_left(table_->time_left_ms(exchange_));
  }

 private:
  static const char* why_unread(mortise_status status) noexcept {
    switch (status) {
      case MORTISE_OUT_OF_RANGE: return "the body is larger than this route takes";
      case MORTISE_CANCELLED: return "the client went away";
      case MORTISE_DEADLINE_EXCEEDED: return "the client sent nothing for too long";
      case MORTISE_INVALID_ARGUMENT: return "the body is malformed";
      default: return "the body cannot be read";
    }
  }

  const mortise_http_v1* table_;
  mortise_http_exchange* exchange_;
  const mortise_http_request_v1* raw_;
};

}  // namespace mortise
