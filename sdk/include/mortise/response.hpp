// What a plugin answers: at once, piece by piece, or later.
#pragma once

#include <mortise/abi/http.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mortise/error.hpp>

namespace mortise {

namespace detail {

/// JSON text; what is not UTF-8 is replaced, since no client could read it.
inline std::string to_text(const nlohmann::json& document) {
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Headers and status of an answer in the making, and the calls that send it.
class Answer {
 public:
  Answer(const mortise_http_v1* table, mortise_http_exchange* exchange) noexcept : table_(table), exchange_(exchange) {}

  std::uint32_t status = 200;
  std::vector<std::pair<std::string, std::string>> headers;

  using Send = mortise_status (*)(mortise_http_exchange*, const mortise_http_response_v1*);

  /// Calls respond() or start() with these headers and, unless empty, a content type.
  mortise_status send(Send how, std::string_view body, std::string_view content_type) const {
    const mortise_http_field type{borrow("Content-Type"), borrow(content_type)};
    mortise_http_response_v1 response{sizeof(mortise_http_response_v1),
                                      status,
                                      &type,
                                      content_type.empty() ? 0U : 1U,
                                      {reinterpret_cast<const std::uint8_t*>(body.data()), body.size()}};
    std::vector<mortise_http_field> fields;
    if (!headers.empty()) {
      for (const auto& [name, value] : headers) fields.push_back({borrow(name), borrow(value)});
      if (!content_type.empty()) fields.push_back(type);
      response.headers = fields.data();
      response.header_count = fields.size();
    }
    return how(exchange_, &response);
  }

  [[nodiscard]] const mortise_http_v1& table() const noexcept { return *table_; }
  [[nodiscard]] mortise_http_exchange* exchange() const noexcept { return exchange_; }

 private:
  const mortise_http_v1* table_;
  mortise_http_exchange* exchange_;
};

}  // namespace detail

/// A started answer that is sent piece by piece while the handler runs. Dropped unfinished, it cuts the connection, so
/// that the client sees that something is missing. One thread at a time. since 1.0
class Stream {
 public:
  explicit Stream(const detail::Answer& answer) noexcept : table_(&answer.table()), exchange_(answer.exchange()) {}
  Stream(Stream&& other) noexcept : table_(other.table_), exchange_(std::exchange(other.exchange_, nullptr)) {}
  Stream& operator=(Stream&&) = delete;
  ~Stream() {
    if (exchange_ != nullptr) table_->abort(exchange_);
  }

  /// Sends a piece; waits for a client that reads slowly. Throws `cancelled` when it is gone, `resource_exhausted`
  /// when it has not read for `timeout`.
  void write(std::string_view piece, std::chrono::milliseconds timeout = std::chrono::seconds(30)) {
    detail::check(table_->write(exchange_, {reinterpret_cast<const std::uint8_t*>(piece.data()), piece.size()},
                                static_cast<std::uint32_t>(timeout.count())),
                  "the client does not take the answer");
  }

  /// Ends the answer; nothing may be written after it.
  void finish() {
    if (exchange_ != nullptr) table_->finish(std::exchange(exchange_, nullptr));
  }

 private:
  const mortise_http_v1* table_;
  mortise_http_exchange* exchange_;
};

/// An answer that is given later, on any thread. Dropped unanswered, it ends the exchange with a 500. Movable; one
/// thread at a time. since 1.0
class Deferred {
 public:
  explicit Deferred(detail::Answer answer) : answer_(std::move(answer)) {}
  Deferred(Deferred&& other) noexcept
      : answer_(std::move(other.answer_)), is_open_(std::exchange(other.is_open_, false)) {}
  Deferred& operator=(Deferred&&) = delete;
  ~Deferred() {
    if (is_open_) answer_.table().abort(answer_.exchange());
  }

  Deferred& status(std::uint32_t code) noexcept {
    answer_.status = code;
    return *this;
  }
  Deferred& header(std::string name, std::string value) {
    answer_.headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  /// Answers. False: the client is gone.
  bool send(std::string_view body, std::string_view content_type) {
    const auto sent = answer_.send(answer_.table().respond, body, content_type);
    if (sent == MORTISE_INVALID_ARGUMENT) detail::check(sent, "the answer has a bad status or header");
    is_open_ = false;
    return sent == MORTISE_OK;
  }
  bool text(std::string_view body) { return send(body, "text/plain; charset=utf-8"); }
  bool json(const nlohmann::json& document) { return send(detail::to_text(document), "application/json"); }

 private:
  detail::Answer answer_;
  bool is_open_ = true;
};

/// The answer to one request. Each function that sends may be called once. since 1.0
class Response {
 public:
  Response(const mortise_http_v1* table, mortise_http_exchange* exchange) noexcept : answer_(table, exchange) {}
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  /// Before sending; 200 unless said otherwise.
  Response& status(std::uint32_t code) noexcept {
    answer_.status = code;
    return *this;
  }
  Response& header(std::string name, std::string value) {
    answer_.headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }

  void text(std::string_view body) { send(body, "text/plain; charset=utf-8"); }
  void html(std::string_view body) { send(body, "text/html; charset=utf-8"); }
  void json(const nlohmann::json& document) { send(detail::to_text(document), "application/json"); }
  void no_content() { status(204).send({}, {}); }
  /// 303 (See Other) unless said otherwise.
  void redirect(std::string location, std::uint32_t code = 303) {
    status(code).header("Location", std::move(location)).send({}, {});
  }
  /// Any body. Throws when it was answered already, or has a bad status or header; not when the client is gone.
  void send(std::string_view body, std::string_view content_type) {
    const auto sent = answer_.send(answer_.table().respond, body, content_type);
    if (sent != MORTISE_CANCELLED) detail::check(sent, "the answer has a bad status or header, or was sent already");
  }

  /// Starts an answer that is sent piece by piece.
  [[nodiscard]] Stream stream(std::string_view content_type) {
    detail::check(answer_.send(answer_.table().start, {}, content_type), "the answer could not be started");
    return Stream(answer_);
  }

  /// Answers later: the handler may return, and the request stays valid until then.
  [[nodiscard]] Deferred defer() {
    detail::check(answer_.table().defer(answer_.exchange()), "the answer was sent already");
    return Deferred(answer_);
  }

  /// For what is built on top (EventStream).
  [[nodiscard]] detail::Answer& answer() noexcept { return answer_; }

 private:
  detail::Answer answer_;
};

}  // namespace mortise
