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

constexpr Refusal kTooLarge{413, "the request's body is larger than this route takes"};

Refusal to_refusal(const beast::error_code& ec) {
  if (ec == error::bad_version) return {505, "only HTTP/1.0 and HTTP/1.1 are served"};
  if (ec == error::bad_content_length)
    return {400, "Content-Length is no valid number, or stands beside Transfer-Encoding"};
  if (ec == error::multiple_content_length) return {400, "Content-Length is given twice with different values"};
  if (ec == error::bad_transfer_encoding) return {400, "Transfer-Encoding is given twice, or beside Content-Length"};
  return {400, "the request is malformed"};
}

/// "/path?query" of a target in origin form, "/path?query" or "?query" of one in absolute form; "*" stays.
std::string_view origin_form(std::string_view target) {
  if (target.empty() || target.front() == '/' || target == "*") return target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !base::equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const auto end = target.find_first_of("/?", scheme.size());
    return end == std::string_view::npos ? "/" : target.substr(end);
  }
  return {};
}

}  // namespace

class RequestParser::Machine final : public beast::http::basic_parser<true> {
 public:
  explicit Machine(RequestHead& head) noexcept : head_(head) {}

  unsigned host_count = 0;
  unsigned length_count = 0;
  unsigned trace_count = 0;
  bool is_length_plain = true;
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
      case beast::http::field::content_length:
        ++length_count;
        is_length_plain = value.find_first_not_of("0123456789") == beast::string_view::npos;
        break;
      case beast::http::field::transfer_encoding:
        if (!base::equals_ignoring_case(to_std(value), "chunked")) has_foreign_transfer_encoding = true;
        break;
      case beast::http::field::expect:
        if (base::equals_ignoring_case(to_std(value), "100-continue")) head_.expects_continue = true;
        break;
      case beast::http::field::unknown:
        if (base::equals_ignoring_case(to_std(name), "X-Request-Id") && is_fit_for_id(to_std(value))) {
          head_.request_id = to_std(value);
        } else if (base::equals_ignoring_case(to_std(name), "traceparent")) {
          head_.traceparent = ++trace_count == 1 ? to_std(value) : std::string_view();
        }
        break;
      default: break;
    }
  }

  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}

  std::size_t on_body_impl(beast::string_view text, beast::error_code&) override { return text.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view text, beast::error_code&) override {
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
  max_header_bytes_ = max_header_bytes;
  scanned_ = line_start_ = 0;
  chunks_ = {};
}

RequestParser::State RequestParser::parse_head(std::string_view bytes, std::size_t& consumed) {
  consumed = 0;
  std::size_t size = 0;
  if (const auto found = find_end(bytes, size); found != State::done) return found;
  refusal_ = read_head(bytes.substr(0, size));
  if (refusal_) return State::refused;
  consumed = size;
  return State::done;
}

/// Looks for the empty line, at each byte once. What stands in the way of finding it safely is refused at once: a bare
/// LF, which others may take for a line's end and Beast does not; a folded line, which Beast unfolds and others may not
/// (RFC 9112 §5.2).
RequestParser::State RequestParser::find_end(std::string_view bytes, std::size_t& size) {
  const auto refuse = [&](Refusal refusal) {
    refusal_ = refusal;
    return State::refused;
  };
  constexpr Refusal kTooLong{431, "the request's head is larger than this server takes"};
  while (line_start_ < bytes.size()) {
    const bool is_blank = bytes[line_start_] == ' ' || bytes[line_start_] == '\t';
    if (is_blank && line_start_ > 0) return refuse({400, "a header line is folded"});
    const auto end = bytes.find('\n', scanned_);
    if (std::min(end, bytes.size()) >= max_header_bytes_) return refuse(kTooLong);
    scanned_ = std::min(end, bytes.size());
    if (end == std::string_view::npos) break;
    if (end == 0 || bytes[end - 1] != '\r') return refuse({400, "a line of the head ends without CR"});
    const bool is_empty = end == line_start_ + 1;
    scanned_ = line_start_ = end + 1;
    if (!is_empty) continue;
    size = line_start_;
    return State::done;
  }
  return State::need_more;
}

Refusal RequestParser::read_head(std::string_view bytes) {
  beast::error_code ec;
  machine_->put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec) return to_refusal(ec);
  if (const auto refusal = check_head()) return refusal;
  head_.keep_alive = machine_->keep_alive();
  head_.expects_continue = head_.expects_continue && !head_.is_http_1_0;
  head_.has_body = !machine_->is_done();
  head_.content_length = body_left_ = machine_->content_length().value_or(0);
  return set_target();
}

Refusal RequestParser::check_head() const {
  if (machine_->has_foreign_transfer_encoding) return {501, "the only transfer coding taken is chunked"};
  if (head_.is_http_1_0 && machine_->chunked()) return {400, "HTTP/1.0 knows no Transfer-Encoding"};
  if (machine_->length_count > 1 || !machine_->is_length_plain) return {400, "Content-Length is no single number"};
  if (machine_->host_count > 1 || (machine_->host_count == 0 && !head_.is_http_1_0)) {
    return {400, "exactly one Host header is needed"};
  }
  return {};
}

Refusal RequestParser::set_target() {
  const auto target = origin_form(head_.target);
  if (target.empty()) return {400, "the request's target is no path"};
  const auto mark = target.find('?');
  head_.path = mark == 0 ? "/" : target.substr(0, mark);
  head_.query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  return {};
}

void RequestParser::limit_body(std::uint64_t bytes) {
  chunks_.limit(bytes);
  // The length is known: no need to read a body that will be refused.
  if (head_.content_length > bytes) refusal_ = kTooLarge;
}

RequestParser::State RequestParser::parse_body(std::string_view bytes, std::string& body, std::size_t& consumed) {
  consumed = 0;
  if (refusal_) return State::refused;
  if (head_.content_length > 0) {
    const auto piece = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, bytes.size())));
    body += piece;
    consumed = piece.size();
    body_left_ -= piece.size();
    return body_left_ == 0 ? State::done : State::need_more;
  }
  switch (chunks_.decode(bytes, body, consumed)) {
    case ChunkDecoder::State::need_more: return State::need_more;
    case ChunkDecoder::State::done: return State::done;
    case ChunkDecoder::State::too_large: refusal_ = kTooLarge; break;
    case ChunkDecoder::State::malformed: refusal_ = {400, "the chunked body is malformed"}; break;
  }
  return State::refused;
}

}  // namespace mortise::http
