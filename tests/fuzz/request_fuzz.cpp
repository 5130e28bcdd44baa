// Arbitrary bytes as what a client sends: parsed whole and in pieces, routed, and answered. However they are cut, the
// outcome is the same; what is accepted is unambiguous; and what a handler repeats of it leaves as one answer.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../unit/http/make_generation.hpp"
#include "../unit/http/parse_request.hpp"
#include "base/strings.hpp"
#include "http/response_writer.hpp"
#include "http/router.hpp"

namespace {

using namespace mortise::http;
using testing::Parsed;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Pieces whose sizes the input chooses: its first bytes, over and over.
testing::Cut make_cut(std::string_view sizes) {
  return [sizes, at = std::size_t{0}](std::size_t) mutable {
    return std::size_t{1} + static_cast<unsigned char>(sizes[at++ % sizes.size()]) % 64;
  };
}

const RouteTable& table() {
  static const auto* const built = [] {
    auto* table = new RouteTable;
    RouteTable::Source source{.cone = testing::make_cone(testing::make_generation("fuzzed")), .routes = {}};
    for (const auto* pattern : {"/", "/notes", "/notes/{id}", "/notes/{id}/tags/{tag}", "/a/b/c", "/a/{x}/d",
                                "/files/{path...}", "/{any}/b/{rest...}"}) {
      for (const auto* method : {"GET", "POST"}) {
        auto route = std::make_shared<Route>();
        route->method = method;
        route->pattern = pattern;
        route->segments = parse_pattern(pattern).value();
        source.routes.push_back(std::move(route));
      }
    }
    table->add(source);
    return table;
  }();
  return *built;
}

bool has_dot_segment(std::string_view path) {
  const std::string framed = "/" + std::string(path) + "/";
  return framed.find("/./") != std::string::npos || framed.find("/../") != std::string::npos;
}

void check_match(const Parsed& parsed) {
  Params params;
  const auto match = table().find(parsed.method, parsed.path, params);
  if (match.kind == Match::Kind::method_not_allowed) require(!match.allow.empty());
  if (match.kind != Match::Kind::found) return;
  require(parsed.method == match.route->method || parsed.method == "HEAD");
  std::size_t expected = 0;
  for (const auto& segment : match.route->segments) expected += segment.kind == Segment::Kind::literal ? 0 : 1;
  require(params.size() == expected);
  for (std::size_t i = 0; i < params.size(); ++i) {
    const auto& value = params.data()[i].value;
    const std::string_view text(value.data, static_cast<std::size_t>(value.size));
    require(text.find('\0') == std::string_view::npos && !has_dot_segment(text));
  }
}

/// What a careless handler does: it repeats the request in its answer's headers and body.
void check_answer(const Parsed& parsed) {
  const auto str = [](std::string_view text) { return mortise_str{text.data(), text.size()}; };
  const std::array<mortise_http_field, 2> fields{
      {{str("X-Path"), str(parsed.path)}, {str("X-Body"), str(parsed.body)}}};
  const mortise_http_response_v1 response{
      .struct_size = sizeof(mortise_http_response_v1),
      .status = 200,
      .headers = fields.data(),
      .header_count = fields.size(),
      .body = {reinterpret_cast<const std::uint8_t*>(parsed.body.data()), parsed.body.size()}};
  const ResponseContext context{.date = "d", .request_id = parsed.request_id, .keep_alive = parsed.keep_alive};
  std::string out;
  if (check_response(response) != MORTISE_OK) {
    write_problem(out, context, 500, parsed.target);
    return;
  }
  write_response(out, context, response);
  const auto end = out.find("\r\n\r\n");
  require(end != std::string::npos && out.substr(end + 4) == parsed.body);
}

void check_done(const Parsed& parsed, std::string_view bytes) {
  require(!parsed.method.empty() && parsed.path.starts_with(parsed.path == "*" ? '*' : '/'));
  require(parsed.used <= bytes.size());
  const auto head = bytes.substr(0, bytes.find("\r\n\r\n"));
  require(head.find('\0') == std::string_view::npos && head.find("\r\n ") == std::string_view::npos);
  // The same request again, without what followed it.
  require(testing::parse_whole(bytes.substr(0, parsed.used)) == parsed);
  check_match(parsed);
  check_answer(parsed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kCuts = 4;
  if (size < kCuts) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto bytes = input.substr(kCuts);
  constexpr std::uint32_t kMaxHead = 2048;
  constexpr std::uint64_t kMaxBody = 1024;
  const auto whole = testing::parse_whole(bytes, kMaxHead, kMaxBody);
  require(testing::parse_request(bytes, make_cut(input.substr(0, kCuts)), kMaxHead, kMaxBody) == whole);
  require(whole.state != RequestParser::State::refused || whole.refused_with >= 400);
  if (whole.state == RequestParser::State::done) check_done(whole, bytes);
  return 0;
}
