// One request's bytes through the parser, cut into pieces as a network would, and what became of them as a value.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request_parser.hpp"

namespace mortise::http::testing {

struct Parsed {
  RequestParser::State state = RequestParser::State::need_more;
  unsigned refused_with = 0;
  std::string why;
  // Only when done:
  std::string method;
  std::string target;
  std::string path;
  std::string query;
  std::string headers;  // "name: value\n" each
  std::string request_id;
  bool is_http_1_0 = false;
  bool keep_alive = false;
  bool expects_continue = false;
  bool has_body = false;
  std::string body;
  std::size_t used = 0;  // what follows belongs to the next request

  friend bool operator==(const Parsed&, const Parsed&) = default;
};

/// Says how large the next piece is, at least 1.
using Cut = std::function<std::size_t(std::size_t left)>;

inline Parsed refused(const RequestParser& parser) {
  Parsed parsed;
  parsed.state = RequestParser::State::refused;
  parsed.refused_with = parser.refusal().status;
  parsed.why = parser.refusal().detail;
  return parsed;
}

inline Parsed done(const RequestParser& parser, std::string body, std::size_t used) {
  const auto& head = parser.head();
  Parsed parsed;
  parsed.state = RequestParser::State::done;
  parsed.method = head.method;
  parsed.target = head.target;
  parsed.path = head.path;
  parsed.query = head.query;
  for (const auto& field : head.headers) {
    parsed.headers.append(field.name.data, field.name.size) += ": ";
    parsed.headers.append(field.value.data, field.value.size) += '\n';
  }
  parsed.request_id = head.request_id;
  parsed.is_http_1_0 = head.is_http_1_0;
  parsed.keep_alive = head.keep_alive;
  parsed.expects_continue = head.expects_continue;
  parsed.has_body = head.has_body;
  parsed.body = std::move(body);
  parsed.used = used;
  return parsed;
}

inline Parsed parse_request(std::string_view bytes, const Cut& next_cut, std::uint32_t max_header_bytes = 16384,
                            std::uint64_t body_limit = 1048576) {
  RequestParser parser;
  parser.start(max_header_bytes);
  std::size_t head_size = 0;
  std::size_t fed = 0;
  const auto feed = [&] { return fed += std::min(bytes.size() - fed, next_cut(bytes.size() - fed)); };
  // A connection's buffer grows, and so moves: each look is at a copy of its own. The last stays, the head lies in it.
  std::unique_ptr<std::vector<char>> head;
  for (auto state = RequestParser::State::need_more; state != RequestParser::State::done;) {
    if (fed == bytes.size()) return {};
    feed();
    head = std::make_unique<std::vector<char>>(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(fed));
    state = parser.parse_head({head->data(), head->size()}, head_size);
    if (state == RequestParser::State::refused) return refused(parser);
  }
  std::string body;
  if (!parser.head().has_body) return done(parser, body, head_size);
  parser.limit_body(body_limit);
  for (std::size_t used = head_size;;) {
    std::size_t consumed = 0;
    const auto state = parser.parse_body(bytes.substr(used, fed - used), body, consumed);
    used += consumed;
    if (state == RequestParser::State::refused) return refused(parser);
    if (state == RequestParser::State::done) return done(parser, body, used);
    if (fed == bytes.size()) return {};
    feed();
  }
}

inline Parsed parse_whole(std::string_view bytes, std::uint32_t max_header_bytes = 16384,
                          std::uint64_t body_limit = 1048576) {
  return parse_request(
      bytes, [](std::size_t left) { return left; }, max_header_bytes, body_limit);
}

inline Parsed parse_bytewise(std::string_view bytes, std::uint32_t max_header_bytes = 16384,
                             std::uint64_t body_limit = 1048576) {
  return parse_request(
      bytes, [](std::size_t) { return std::size_t{1}; }, max_header_bytes, body_limit);
}

}  // namespace mortise::http::testing
