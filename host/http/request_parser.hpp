// Bytes of an HTTP/1.x request to its head and body, through Beast's parser, and stricter than it where request
// smuggling lives. Not for: sockets, routes.
#pragma once

#include <mortise/abi/http.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::http {

/// Why a request is refused: the status to answer with, and the detail for its problem document.
struct Refusal {
  unsigned status = 0;  // 0: none
  const char* detail = "";
  explicit operator bool() const { return status != 0; }
};

/// The head of a request: views into the bytes that were parsed, valid as long as those stay where they are.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  std::string_view path;   // of the target, without scheme, authority and query
  std::string_view query;  // behind the '?'
  std::vector<mortise_http_field> headers;
  std::string_view request_id;  // the client's, when it is fit to be used
  bool is_http_1_0 = false;
  bool keep_alive = true;
  bool expects_continue = false;
  bool has_body = false;             // a Content-Length above 0, or chunked
  std::uint64_t content_length = 0;  // 0 when chunked
};

/// Parses one request after the other; one thread at a time.
class RequestParser {
 public:
  RequestParser();
  ~RequestParser();

  enum class State { need_more, done, refused };

  /// Starts on the next request. `max_header_bytes` bounds its head.
  void start(std::uint32_t max_header_bytes);
  /// Looks at all bytes of the head received so far, from its first. done: head() is filled and `consumed` says how
  /// long it was.
  State parse_head(std::string_view bytes, std::size_t& consumed);
  /// Bounds the body from here on.
  void limit_body(std::uint64_t bytes);
  /// Takes the next bytes of the body; appends what they decode to and says how many were used. Bytes that are not
  /// used (a chunk's header that is not complete yet) come first in the next call.
  State parse_body(std::string_view bytes, std::string& body, std::size_t& consumed);

  [[nodiscard]] const RequestHead& head() const noexcept { return head_; }
  [[nodiscard]] const Refusal& refusal() const noexcept { return refusal_; }

 private:
  class Machine;  // Beast's parser with our callbacks

  Refusal check_head(std::string_view bytes);

  std::unique_ptr<Machine> machine_;
  RequestHead head_;
  Refusal refusal_;
};

}  // namespace mortise::http
