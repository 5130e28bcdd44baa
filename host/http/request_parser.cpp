#include "http/request_parser.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <memory>

#include "base/strings.hpp"

namespace mortise::http {
namespace {

namespace beast = boost::beast;
using beast::http::error;

mortise_str to_abi(beast::string_view text) { return {text.data(), text.size()}; }
std::string_view to_std(beast::string_view text) { return {text.data(), text.size()}; }

bool is_fit_for_id(std::string_view text) {
  const auto is_fit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), is_fit);
}

Refusal to_refusal(const beast::error_code& ec) {
  if (ec == error::header_limit) return {431, "the request's head is larger than this server takes"};
  if (ec == error::body_limit) return {413, "the request's body is larger than this route takes"};
  if (ec == error::bad_version) return {505, "only HTTP/1.0 and HTTP/1.1 are served"};
  if (ec == error::bad_content_length)
    return {400, "Content-Length is no valid number, or stands beside Transfer-Encoding"};
  if (ec == error::multiple_content_length) return {400, "Content-Length is given twice with different values"};
  if (ec == error::bad_transfer_encoding) return {400, "Transfer-Encoding is given twice, or beside Content-Length"};
  if (ec == error::bad_chunk || ec == error::bad_chunk_extension) return {400, "the chunked body is malformed"};
  return {400, "the request is malformed"};
}

/// "/path?query" of a target in origin or absolute form; "*" stays.
std::string_view origin_form(std::string_view target) {
  if (target.empty() || target.front() == '/' || target == "*") return target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !base::equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const auto slash = target.find_first_of("/?", scheme.size());
    if (slash == std::string_view::npos) return "/";
    return target[slash] == '/' ? target.substr(slash) : std::string_view();
  }
  return {};
}

}  // namespace

class RequestParser::Machine final : public beast::http::basic_parser<true> {
 public:
  explicit Machine(RequestHead& head) noexcept : head_(head) {}

  std::string* body = nullptr;
  unsigned host_count = 0;
  bool has_foreign_transfer_encoding = false;

 private:
  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       beast::error_code& ec) override {
    if (version != 10 && version != 11) {
      ec = error::bad_version;
      return;
    }
    head_.method = to_std(method);
    head_.target = to_std(target);
    head_.is_http_1_0 = version == 10;
  }

  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}

  void on_field_impl(beast::http::field field, beast::string_view name, beast::string_view value,
                     beast::error_code&) override {
    head_.headers.push_back({to_abi(name), to_abi(value)});
    switch (field) {
      case beast::http::field::host: ++host_count; break;
      case beast::http::field::transfer_encoding:
        if (!base::equals_ignoring_case(to_std(value), "chunked")) has_foreign_transfer_encoding = true;
        break;
      case beast::http::field::expect:
        if (base::equals_ignoring_case(to_std(value), "100-continue")) head_.expects_continue = true;
        break;
      case beast::http::field::unknown:
        if (base::equals_ignoring_case(to_std(name), "X-Request-Id") && is_fit_for_id(to_std(value))) {
          head_.request_id = to_std(value);
        }
        break;
      default: break;
    }
  }

  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}

  std::size_t on_body_impl(beast::string_view text, beast::error_code&) override {
    body->append(text.data(), text.size());
    return text.size();
  }

  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view text, beast::error_code&) override {
    body->append(text.data(), text.size());
    return text.size();
  }

  void on_finish_impl(beast::error_code&) override {}

  RequestHead& head_;
};

RequestParser::RequestParser() = default;
RequestParser::~RequestParser() = default;

void RequestParser::start(std::uint32_t max_header_bytes) {
  auto headers = std::move(head_.headers);
  headers.clear();
  head_ = RequestHead{};
  head_.headers = std::move(headers);
  refusal_ = {};
  // Beast's parser serves one message; a fresh one in the same place costs no allocation.
  if (machine_) {
    std::destroy_at(machine_.get());
    std::construct_at(machine_.get(), head_);
  } else {
    machine_ = std::make_unique<Machine>(head_);
  }
  machine_->header_limit(max_header_bytes);
  machine_->body_limit(boost::none);
}

RequestParser::State RequestParser::parse_head(std::string_view bytes, std::size_t& consumed) {
  beast::error_code ec;
  consumed = machine_->put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec == error::need_more) return State::need_more;
  refusal_ = ec ? to_refusal(ec) : check_head(bytes.substr(0, consumed));
  if (refusal_) return State::refused;
  head_.keep_alive = machine_->keep_alive();
  head_.has_body = !machine_->is_done();
  head_.content_length = machine_->content_length().value_or(0);
  return State::done;
}

Refusal RequestParser::check_head(std::string_view bytes) {
  // Beast unfolds folded lines; RFC 9112 §5.2 lets a server refuse them, and those behind us might not unfold.
  if (bytes.find("\n ") != std::string_view::npos || bytes.find("\n\t") != std::string_view::npos) {
    return {400, "a header line is folded"};
  }
  if (machine_->has_foreign_transfer_encoding) return {501, "the only transfer coding taken is chunked"};
  if (head_.is_http_1_0 && machine_->chunked()) return {400, "HTTP/1.0 knows no Transfer-Encoding"};
  if (machine_->host_count > 1 || (machine_->host_count == 0 && !head_.is_http_1_0)) {
    return {400, "exactly one Host header is needed"};
  }
  const auto target = origin_form(head_.target);
  if (target.empty()) return {400, "the request's target is no path"};
  const auto mark = target.find('?');
  head_.path = target.substr(0, mark);
  head_.query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  return {};
}

void RequestParser::limit_body(std::uint64_t bytes) {
  machine_->body_limit(bytes);
  // The length is known: no need to read a body that will be refused.
  if (head_.content_length > bytes) refusal_ = to_refusal(error::body_limit);
}

RequestParser::State RequestParser::parse_body(std::string_view bytes, std::string& body, std::size_t& consumed) {
  consumed = 0;
  if (refusal_) return State::refused;
  machine_->body = &body;
  while (!machine_->is_done() && consumed < bytes.size()) {
    beast::error_code ec;
    const auto rest = bytes.substr(consumed);
    const auto used = machine_->put(boost::asio::buffer(rest.data(), rest.size()), ec);
    consumed += used;
    if (ec == error::need_more) return State::need_more;
    if (ec) {
      refusal_ = to_refusal(ec);
      return State::refused;
    }
    if (used == 0) break;
  }
  return machine_->is_done() ? State::done : State::need_more;
}

}  // namespace mortise::http
