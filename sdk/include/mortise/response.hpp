// What a plugin answers: at once, piece by piece, or later.
#pragma once

#include <mortise/abi/http.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mortise/error.hpp>
#include <mortise/text.hpp>

namespace mortise {

namespace detail {

/// JSON text; what is not UTF-8 is replaced, since no client could read it.
inline std::string to_text(const nlohmann::json& document) {
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Whether an answer went out: false when the client is gone, which is nobody's fault. Throws the plugin's mistakes.
inline bool was_sent(mortise_status status) {
  switch (status) {
    case MORTISE_OK: return true;
    case MORTISE_CANCELLED: return false;
    case MORTISE_INVALID_ARGUMENT:
      throw Error(Status::internal,
                  "the answer was refused: its status is not from 200 to 599, or a header has a line break, a faulty "
                  "name, or one that the host sets itself");
    case MORTISE_FAILED_PRECONDITION: throw Error(Status::internal, "the request was answered already");
    default: throw Error(to_failure(status), "the answer could not be sent");
  }
}

struct AbortExchange {
  const mortise_http_v1* table = nullptr;
  void operator()(mortise_http_exchange* exchange) const noexcept { table->abort(exchange); }
};

/// A deferred exchange: ends without an answer unless somebody ends it otherwise.
using OwnedExchange = std::unique_ptr<mortise_http_exchange, AbortExchange>;

/// Status and headers of an answer in the making.
struct Head {
  std::uint32_t status = 200;
  std::vector<std::pair<std::string, std::string>> headers;

  using Send = mortise_status (*)(mortise_http_exchange*, const mortise_http_response_v1*);

  /// Calls respond() or start() with these headers and, unless empty or among them, the content type.
  mortise_status send(Send how, mortise_http_exchange* exchange, std::string_view body,
                      std::string_view content_type) const {
    std::vector<mortise_http_field> fields;
    fields.reserve(headers.size() + 1);
    for (const auto& [name, value] : headers) {
      if (equals_ignoring_case(name, "Content-Type")) content_type = {};
      fields.push_back({borrow(name), borrow(value)});
    }
    if (!content_type.empty()) fields.push_back({borrow("Content-Type"), borrow(content_type)});
    const mortise_http_response_v1 response{sizeof(mortise_http_response_v1), status, fields.data(), fields.size(),
                                            borrow_bytes(body)};
    return how(exchange, &response);
  }
};

/// What Response and Deferred have in common. Everything that sends returns false when the client is gone, and throws
/// `internal` when the request was answered already, or the status or a header is not acceptable.
template <class Self>
class Answer {
 public:
  /// Before sending; 200 unless said otherwise.
  Self& status(std::uint32_t code) noexcept {
    head_.status = code;
    return self();
  }
  /// Before sending. A "Content-Type" takes the place of what text(), json() and the others would set.
  Self& header(std::string name, std::string value) {
    head_.headers.emplace_back(std::move(name), std::move(value));
    return self();
  }

  bool text(std::string_view body) { return self().send(body, "text/plain; charset=utf-8"); }
  bool html(std::string_view body) { return self().send(body, "text/html; charset=utf-8"); }
  /// What is not UTF-8 in the document's strings is replaced by U+FFFD.
  bool json(const nlohmann::json& document) { return self().send(to_text(document), "application/json"); }
  bool no_content() { return status(204).send({}, {}); }
  /// 303 (See Other) unless said otherwise.
  bool redirect(std::string location, std::uint32_t code = 303) {
    return status(code).header("Location", std::move(location)).send({}, {});
  }

 protected:
  Answer() = default;
  explicit Answer(Head head) noexcept : head_(std::move(head)) {}

  Head head_;

 private:
  Self& self() noexcept { return static_cast<Self&>(*this); }
};

}  // namespace detail

/// A started answer that is sent piece by piece, also beyond the handler's return. Dropped unfinished, it cuts the
/// connection, so that the client sees that something is missing. Movable. since 1.0 [any-thread], one at a time
class Stream {
 public:
  explicit Stream(detail::OwnedExchange exchange) noexcept : exchange_(std::move(exchange)) {}

  /// Sends a piece; waits for a client that reads slowly. Throws `cancelled` when it is gone, `resource_exhausted`
  /// when it has not read for `timeout`, `internal` after finish().
  void write(std::string_view piece, std::chrono::milliseconds timeout = std::chrono::seconds(30)) {
    if (!exchange_) throw Error(Status::internal, "the answer is finished; nothing can be written after it");
    const auto timeout_ms = std::clamp<std::chrono::milliseconds::rep>(timeout.count(), 0, UINT32_MAX);
    detail::check(exchange_.get_deleter().table->write(exchange_.get(), detail::borrow_bytes(piece),
                                                       static_cast<std::uint32_t>(timeout_ms)),
                  "the client does not take the answer");
  }

  /// Ends the answer; nothing may be written after it. False when the client is gone.
  bool finish() {
    if (!exchange_) throw Error(Status::internal, "the answer is finished already");
    const auto* table = exchange_.get_deleter().table;
    return table->finish(exchange_.release()) == MORTISE_OK;
  }

 private:
  detail::OwnedExchange exchange_;
};

/// An answer that is given later. Dropped unanswered, also by an exception that leaves the handler, it answers with a
/// 500. Movable. since 1.0 [any-thread], one at a time
class Deferred : public detail::Answer<Deferred> {
 public:
  Deferred(detail::OwnedExchange exchange, detail::Head head) noexcept
      : Answer(std::move(head)), exchange_(std::move(exchange)) {}

  bool send(std::string_view body, std::string_view content_type) {
    const auto& table = open();
    const auto sent = head_.send(table.respond, exchange_.get(), body, content_type);
    // This alone leaves the exchange as it was.
    if (sent != MORTISE_INVALID_ARGUMENT) static_cast<void>(exchange_.release());
    return detail::was_sent(sent);
  }

  /// Starts an answer that is sent piece by piece. Throws `cancelled` when the client is gone.
  [[nodiscard]] Stream stream(std::string_view content_type) {
    const auto& table = open();
    if (!detail::was_sent(head_.send(table.start, exchange_.get(), {}, content_type))) {
      throw Error(Status::cancelled, "the client went away");
    }
    return Stream(std::move(exchange_));
  }

 private:
  const mortise_http_v1& open() const {
    if (!exchange_) throw Error(Status::internal, "the request was answered already");
    return *exchange_.get_deleter().table;
  }

  detail::OwnedExchange exchange_;
};

/// The answer to one request: send it whole, stream it, or defer it, once. since 1.0 [in-scope]
class Response : public detail::Answer<Response> {
 public:
  Response(const mortise_http_v1* table, mortise_http_exchange* exchange) noexcept
      : table_(table), exchange_(exchange) {}
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  /// Any body; without a content type when that is empty.
  bool send(std::string_view body, std::string_view content_type) {
    return detail::was_sent(head_.send(table_->respond, exchange(), body, content_type));
  }

  /// Starts an answer that is sent piece by piece. Throws `cancelled` when the client is gone.
  [[nodiscard]] Stream stream(std::string_view content_type) { return Stream(start(content_type)); }

  /// Answers later: the handler may return, and what a copy of its Request shows stays valid until then.
  [[nodiscard]] Deferred defer() {
    auto owned = own();
    return {std::move(owned), std::move(head_)};
  }

  // --- For what is built on top.
  /// The started answer as a deferred exchange.
  [[nodiscard]] detail::OwnedExchange start(std::string_view content_type) {
    if (!detail::was_sent(head_.send(table_->start, exchange(), {}, content_type))) {
      throw Error(Status::cancelled, "the client went away");
    }
    return own();
  }
  /// Throws when the exchange has been handed over to a Deferred or a Stream.
  [[nodiscard]] mortise_http_exchange* exchange() const {
    if (is_handed_over_) throw Error(Status::internal, "the answer was deferred or is being streamed");
    return exchange_;
  }

 private:
  detail::OwnedExchange own() {
    auto* const owned = exchange();
    detail::was_sent(table_->defer(owned));
    is_handed_over_ = true;
    return {owned, detail::AbortExchange{table_}};
  }

  const mortise_http_v1* table_;
  mortise_http_exchange* exchange_;
  bool is_handed_over_ = false;
};

}  // namespace mortise
