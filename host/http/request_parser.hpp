// Bytes of an HTTP/1.x request to its head and body: the head through Beast's parser, and stricter than it where
// request smuggling lives. However the bytes are cut, the outcome is the same. Not for: sockets, routes.
#pragma once

#include <mortise/abi/http.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/chunk_decoder.hpp"

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
  std::string_view request_id;   // the client's, when it is fit to be used
  std::string_view traceparent;  // as it came; empty: there is none, or more than one
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
  /// Looks at all bytes of the head received so far, from its first, wherever they lie by now. done: head() is filled
  /// and `consumed` says how long it was.
  State parse_head(std::string_view bytes, std::size_t& consumed);
  /// Bounds the body from here on.
  void limit_body(std::uint64_t bytes);
  /// Takes the next bytes of the body, appends what they decode to, and says how many were used: all of them but where
  /// the body ends.
  State parse_body(std::string_view bytes, std::string& body, std::size_t& consumed);

  /// Empty until parse_head() has looked at a whole head.
  [[nodiscard]] const RequestHead& head() const noexcept { return head_; }
  [[nodiscard]] const Refusal& refusal() const noexcept { return refusal_; }

 private:
  class Machine;  // Beast's parser with our callbacks

  State find_end(std::string_view bytes, std::size_t& size);
  Refusal read_head(std::string_view bytes);
  Refusal check_head() const;
  Refusal set_target();

  std::unique_ptr<Machine> machine_;
  RequestHead head_;
  Refusal refusal_;
  // The search for the head's end goes on where it stopped.
  std::size_t max_header_bytes_ = 0;
  std::size_t scanned_ = 0;
  std::size_t line_start_ = 0;
  std::uint64_t body_left_ = 0;  // of a body with a Content-Length
  ChunkDecoder chunks_;          // of one without
};

}  // namespace mortise::http
