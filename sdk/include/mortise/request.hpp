// What a client asks.
#pragma once

#include <mortise/abi/http.h>

#include <algorithm>
#include <cstdint>
#include <mortise/error.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mortise {

namespace detail {

inline bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// A query's name or value: %XX and '+' decoded; a broken escape stays as it is.
inline std::string decode_query(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      decoded += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

}  // namespace detail

/// One request; valid while its handler runs and, after Response::defer(), until it is answered. Views point into the
/// host's memory and live as long. since 1.0
class Request {
 public:
  Request(const mortise_http_v1* table, mortise_http_exchange* exchange, const mortise_http_request_v1* raw) noexcept
      : table_(table), exchange_(exchange), raw_(raw) {}
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  [[nodiscard]] std::string_view method() const noexcept { return detail::view(raw_->method); }
  /// As sent: "/notes/a%20b?page=2"; path() is the part before the '?', also as sent.
  [[nodiscard]] std::string_view target() const noexcept { return detail::view(raw_->target); }
  [[nodiscard]] std::string_view path() const noexcept { return detail::view(raw_->path); }
  /// The request's id, which the answer's X-Request-Id header and the log carry.
  [[nodiscard]] std::string_view id() const noexcept { return detail::view(raw_->id); }
  [[nodiscard]] std::string_view remote_address() const noexcept { return detail::view(raw_->remote_address); }
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
  [[nodiscard]] std::string_view body() const noexcept {
    return {reinterpret_cast<const char*>(raw_->body.data), static_cast<std::size_t>(raw_->body.size)};
  }

  /// The body as JSON. Throws `invalid_argument` (a 400 that says where) when it is none.
  [[nodiscard]] nlohmann::json json() const {
    try {
      return nlohmann::json::parse(body());
    } catch (const nlohmann::json::exception& failure) {
      throw Error(Status::invalid_argument, "the body is not valid JSON: " + std::string(failure.what()));
    }
  }

  /// The body as a T, by nlohmann's from_json. Throws `invalid_argument` (a 400 that names the field) when it does
  /// not fit.
  template <class T>
  [[nodiscard]] T json_as() const {
    const auto document = json();
    try {
      return document.get<T>();
    } catch (const nlohmann::json::exception& failure) {
      throw Error(Status::invalid_argument, "the body's JSON is not what is expected: " + std::string(failure.what()));
    }
  }

  /// The next piece of the body on a route with RouteOptions::stream_body, into `buffer`; 0 at its end. Waits for at
  /// least one byte. Throws `out_of_range` past the route's limit, `cancelled` when the client is gone,
  /// `deadline_exceeded` when it stalls.
  [[nodiscard]] std::size_t read_body(std::span<std::uint8_t> buffer) const {
    std::uint64_t size = 0;
    const auto status = table_->read_body(exchange_, buffer.data(), buffer.size(), &size);
    detail::check(status, why_unread(status));
    return static_cast<std::size_t>(size);
  }

 private:
  static const char* why_unread(mortise_status status) noexcept {
    switch (status) {
      case MORTISE_OUT_OF_RANGE: return "the body is larger than this route takes";
      case MORTISE_CANCELLED: return "the client went away";
      case MORTISE_DEADLINE_EXCEEDED: return "the client sent nothing for too long";
      case MORTISE_FAILED_PRECONDITION: return "this route does not stream its body; set RouteOptions::stream_body";
      default: return "the body cannot be read";
    }
  }

  const mortise_http_v1* table_;
  mortise_http_exchange* exchange_;
  const mortise_http_request_v1* raw_;
};

}  // namespace mortise
