// An answer as bytes. The writer sets what the protocol decides (length or chunks, date, connection, request id) and
// checks what the plugin gives.
#pragma once

#include <mortise/abi/http.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::http {

/// What the server knows of the request that is being answered.
struct ResponseContext {
  std::string_view date;  // "Mon, 23 Nov 2026 17:00:00 GMT"
  std::string_view request_id;
  bool is_head = false;  // no body is sent, whatever the length says
  bool is_http_1_0 = false;
  bool keep_alive = true;
  std::optional<std::uint64_t> stream_length{};  // of a streamed body, where it is known: then it is not chunked
};

/// MORTISE_OK, or MORTISE_INVALID_ARGUMENT for a status outside 200 to 599, a header that only the server sets, a
/// name that is no token, or a value with a control character.
mortise_status check_response(const mortise_http_response_v1& response);

/// Appends a whole answer.
void write_response(std::string& out, const ResponseContext& context, const mortise_http_response_v1& response);

/// Appends the head of a streamed answer: chunked, or until the connection closes for HTTP/1.0.
void write_stream_head(std::string& out, const ResponseContext& context, const mortise_http_response_v1& head);
void write_chunk(std::string& out, const ResponseContext& context, std::string_view piece);
void write_stream_end(std::string& out, const ResponseContext& context);

/// A problem document (RFC 9457).
std::string problem_document(unsigned status, std::string_view request_id, std::string_view detail);
/// Appends an answer with one. `extra_headers` are whole lines with CRLF ("Allow: GET\r\n").
void write_problem(std::string& out, const ResponseContext& context, unsigned status, std::string_view detail,
                   std::string_view extra_headers = {});

/// The HTTP status for a status that a handler returned.
unsigned to_http_status(mortise_status status) noexcept;
/// "404 Not Found" without the number; "Unknown" for one that RFC 9110 does not name.
std::string_view reason_phrase(unsigned status) noexcept;

}  // namespace mortise::http
