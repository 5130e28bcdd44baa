// JSON as an admin writes it: comments allowed, a place in the file for every value, duplicate keys refused.
// The one parser of configuration files; invariant: every value of `value` has an entry in `places`.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace mortise::config {

/// Where a value stands.
struct Place {
  std::size_t line = 0;  // of the key, or of the value where there is no key
  std::size_t end = 0;   // byte offset past the value: exact for booleans, strings and null; objects: past the '{'
};

/// A parsed text. `value` is null when the text is no JSON.
struct JsonText {
  std::string file;
  std::shared_ptr<const nlohmann::json> value;
  std::map<std::string, Place> places;  // by JSON pointer; "" is the whole
  std::vector<Diagnostic> problems;

  [[nodiscard]] Diagnostic fault(const std::string& pointer, std::string message) const;
};

inline constexpr std::size_t kMaxConfigBytes = 1048576;
inline constexpr std::size_t kMaxDepth = 64;

/// "/a" and "b/c" -> "/a/b~1c".
std::string join_pointer(const std::string& pointer, std::string_view key);

JsonText parse_json_text(const std::string& file, std::string_view text);

/// Of what Files::read() gave; that it could not be read is a problem of the result.
JsonText parse_json_file(const std::string& file, const base::Result<std::string>& read);

}  // namespace mortise::config
