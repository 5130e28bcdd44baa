#include "http/response_writer.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/strings.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::http {
namespace {

using runtime::to_view;

void append_number(std::string& out, std::uint64_t number, int base = 10) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

using CharSet = std::array<bool, 256>;

constexpr CharSet kTokenChars = [] {
  CharSet set{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    set[static_cast<unsigned char>(c)] = true;
  }
  return set;
}();

constexpr CharSet kValueChars = [] {
  CharSet set{};
  for (std::size_t c = 0x20; c < set.size(); ++c) set[c] = c != 0x7f;
  set['\t'] = true;
  return set;
}();

bool consists_of(std::string_view text, const CharSet& set) {
  return std::all_of(text.begin(), text.end(), [&](char c) { return set[static_cast<unsigned char>(c)]; });
}

bool is_servers_own(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kOwn{"content-length", "transfer-encoding", "connection", "date",
                                                        "keep-alive",     "upgrade",           "trailer",    "te"};
  return std::any_of(kOwn.begin(), kOwn.end(),
                     [&](std::string_view own) { return base::equals_ignoring_case(own, name); });
}

/// 204 and 304 have no body and no length.
bool has_body(unsigned status) { return status != 204 && status != 304; }

void write_status_and_common(std::string& out, const ResponseContext& context, unsigned status) {
  if (status == 200) {
    out += "HTTP/1.1 200 OK\r\nDate: ";
  } else {
    out += "HTTP/1.1 ";
    append_number(out, status);
    out += ' ';
    out += reason_phrase(status);
    out += "\r\nDate: ";
  }
  out += context.date;
  out += "\r\nX-Request-Id: ";
  out += context.request_id;
  if (!context.keep_alive) {
    out += "\r\nConnection: close\r\n";
  } else if (context.is_http_1_0) {
    out += "\r\nConnection: keep-alive\r\n";
  } else {
    out += "\r\n";
  }
}

void write_headers(std::string& out, const mortise_http_response_v1& response) {
  for (std::uint64_t i = 0; i < response.header_count; ++i) {
    out += to_view(response.headers[i].name);
    out += ": ";
    out += to_view(response.headers[i].value);
    out += "\r\n";
  }
}

}  // namespace

mortise_status check_response(const mortise_http_response_v1& response) {
  if (!MORTISE_HAS(mortise_http_response_v1, &response, body)) return MORTISE_INVALID_ARGUMENT;
  if (response.status < 200 || response.status > 599) return MORTISE_INVALID_ARGUMENT;
  const bool has_body = response.body.data != nullptr || response.body.size == 0;
  const bool has_headers = response.headers != nullptr || response.header_count == 0;
  if (!has_body || !has_headers) return MORTISE_INVALID_ARGUMENT;
  for (std::uint64_t i = 0; i < response.header_count; ++i) {
    const auto name = to_view(response.headers[i].name);
    const auto value = to_view(response.headers[i].value);
    if (name.empty() || !consists_of(name, kTokenChars)) return MORTISE_INVALID_ARGUMENT;
    if (is_servers_own(name) || !consists_of(value, kValueChars)) return MORTISE_INVALID_ARGUMENT;
  }
  return MORTISE_OK;
}

void write_response(std::string& out, const ResponseContext& context, const mortise_http_response_v1& response) {
  write_status_and_common(out, context, response.status);
  write_headers(out, response);
  if (!has_body(response.status)) {
    out += "\r\n";
    return;
  }
  out += "Content-Length: ";
  append_number(out, response.body.size);
  out += "\r\n\r\n";
  if (!context.is_head && response.body.size > 0) {
    out.append(reinterpret_cast<const char*>(response.body.data), static_cast<std::size_t>(response.body.size));
  }
}

void write_stream_head(std::string& out, const ResponseContext& context, const mortise_http_response_v1& head) {
  write_status_and_common(out, context, head.status);
  write_headers(out, head);
  if (context.stream_length) {
    out += "Content-Length: ";
    append_number(out, *context.stream_length);
    out += "\r\n";
  } else if (has_body(head.status) && !context.is_http_1_0) {
    out += "Transfer-Encoding: chunked\r\n";
  }
  out += "\r\n";
  if (head.body.size > 0) {
    write_chunk(out, context,
                {reinterpret_cast<const char*>(head.body.data), static_cast<std::size_t>(head.body.size)});
  }
}

void write_chunk(std::string& out, const ResponseContext& context, std::string_view piece) {
  if (context.is_head || piece.empty()) return;  // an empty chunk would end the stream
  if (context.is_http_1_0 || context.stream_length) {
    out += piece;
    return;
  }
  append_number(out, piece.size(), 16);
  out += "\r\n";
  out += piece;
  out += "\r\n";
}

void write_stream_end(std::string& out, const ResponseContext& context) {
  if (!context.is_head && !context.is_http_1_0 && !context.stream_length) out += "0\r\n\r\n";
}

std::string problem_document(unsigned status, std::string_view request_id, std::string_view detail) {
  nlohmann::ordered_json document{
      {"type", "about:blank"}, {"title", reason_phrase(status)}, {"status", status}, {"request_id", request_id}};
  if (!detail.empty()) document["detail"] = detail;
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void write_problem(std::string& out, const ResponseContext& context, unsigned status, std::string_view detail,
                   std::string_view extra_headers) {
  const auto body = problem_document(status, context.request_id, detail);
  write_status_and_common(out, context, status);
  out += extra_headers;
  out += "Content-Type: application/problem+json\r\nContent-Length: ";
  append_number(out, body.size());
  out += "\r\n\r\n";
  if (!context.is_head) out += body;
}

unsigned to_http_status(mortise_status status) noexcept {
  switch (status) {
    case MORTISE_CANCELLED: return 499;
    case MORTISE_INVALID_ARGUMENT:
    case MORTISE_FAILED_PRECONDITION:
    case MORTISE_OUT_OF_RANGE: return 400;
    case MORTISE_DEADLINE_EXCEEDED: return 504;
    case MORTISE_NOT_FOUND: return 404;
    case MORTISE_ALREADY_EXISTS:
    case MORTISE_ABORTED: return 409;
    case MORTISE_PERMISSION_DENIED: return 403;
    case MORTISE_UNAUTHENTICATED: return 401;
    case MORTISE_RESOURCE_EXHAUSTED: return 429;
    case MORTISE_UNIMPLEMENTED: return 501;
    case MORTISE_UNAVAILABLE: return 503;
    default: return 500;
  }
}

std::string_view reason_phrase(unsigned status) noexcept {
  if (status == 499) return "Client Closed Request";
  const auto text = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  if (text.starts_with('<')) return "Unknown";
  return {text.data(), text.size()};
}

}  // namespace mortise::http
