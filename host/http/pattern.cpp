#include "http/pattern.hpp"

#include <algorithm>

namespace mortise::http {
namespace {

base::Error fault(std::string_view pattern, const std::string& what) {
  return {base::ErrorCode::invalid_argument, "route pattern '" + std::string(pattern) + "': " + what};
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// Literals are written decoded; what would not survive a request line is refused.
bool is_literal_char(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u > 0x20 && u != 0x7f && c != '{' && c != '}' && c != '%' && c != '?' && c != '#';
}

base::Result<Segment> parse_segment(std::string_view pattern, std::string_view text, bool is_last) {
  if (text.empty() || text.front() != '{') {
    if (!std::all_of(text.begin(), text.end(), is_literal_char)) {
      return fault(pattern, "'" + std::string(text) +
                                "' holds a character that a path cannot; write literals decoded, and parameters as a "
                                "whole segment: /{name}/");
    }
    if (text == "." || text == "..") return fault(pattern, "dot segments never match; leave them out");
    if (text.empty() && !is_last) return fault(pattern, "two slashes in a row never match; write one");
    return Segment{Segment::Kind::literal, std::string(text)};
  }
  if (text.back() != '}') return fault(pattern, "'{' without '}' in '" + std::string(text) + "'; write {name}");
  auto name = text.substr(1, text.size() - 2);
  auto kind = Segment::Kind::param;
  if (name.ends_with("...")) {
    if (!is_last) return fault(pattern, "'" + std::string(text) + "' takes all that is left; put it last");
    kind = Segment::Kind::rest;
    name.remove_suffix(3);
  }
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_name_char)) {
    return fault(pattern, "a parameter's name is letters, digits, '_' and '-'; '" + std::string(name) + "' is not");
  }
  return Segment{kind, std::string(name)};
}

}  // namespace

base::Result<std::vector<Segment>> parse_pattern(std::string_view pattern) {
  if (pattern.empty() || pattern.front() != '/') return fault(pattern, "must begin with '/'");
  std::vector<Segment> segments;
  std::size_t params = 0;
  for (std::size_t start = 1; start <= pattern.size();) {
    const auto end = std::min(pattern.find('/', start), pattern.size());
    auto segment = parse_segment(pattern, pattern.substr(start, end - start), end == pattern.size());
    if (!segment) return segment.error();
    if (segment->kind != Segment::Kind::literal) {
      const auto is_same = [&](const Segment& s) {
        return s.kind != Segment::Kind::literal && s.text == segment->text;
      };
      if (std::any_of(segments.begin(), segments.end(), is_same)) {
        return fault(pattern, "two parameters are called '" + segment->text + "'; give each its own name");
      }
      if (++params > kMaxParams) return fault(pattern, "more than " + std::to_string(kMaxParams) + " parameters");
    }
    segments.push_back(std::move(*segment));
    start = end + 1;
  }
  return segments;
}

}  // namespace mortise::http
