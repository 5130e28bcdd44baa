// A route's pattern: "/notes", "/notes/{id}", "/files/{rest...}".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace mortise::http {

inline constexpr std::size_t kMaxParams = 16;

/// One step of a pattern between two slashes.
struct Segment {
  enum class Kind { literal, param, rest } kind = Kind::literal;
  std::string text;  // the literal, or the parameter's name

  /// Whether both match the same segments: parameters do, whatever their names.
  [[nodiscard]] bool matches_like(const Segment& other) const {
    return kind == other.kind && (kind != Kind::literal || text == other.text);
  }
};

/// A pattern is a '/' and segments joined by '/'. A parameter stands for one whole, non-empty segment; `{name...}`
/// only comes last and stands for all that is left, slashes and nothing included. A trailing slash counts: "/a" and
/// "/a/" are two routes. The error says what to write instead.
base::Result<std::vector<Segment>> parse_pattern(std::string_view pattern);

}  // namespace mortise::http
