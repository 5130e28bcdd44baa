// JSON that may come from anywhere. Nothing here is for plugins: Request::json() and Kv::get_json() are.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include <mortise/error.hpp>
#include <mortise/text.hpp>

namespace mortise::detail {

/// Nested deeper, it would overflow the stack of whoever copies or prints it.
inline constexpr std::size_t kMaxJsonDepth = 256;

/// nlohmann's text without the number of the exception in front.
inline std::string why(const nlohmann::json::exception& failure) {
  const std::string_view text = failure.what();
  const auto end = text.find("] ");
  return std::string(text.substr(end == std::string_view::npos ? 0 : end + 2));
}

/// Throws `status` when it is none; `what` is what the message calls it.
inline nlohmann::json parse_json(std::string_view text, const std::string& what, Status status) {
  if (is_nested_deeper(text, kMaxJsonDepth)) {
    throw Error(status, what + " is JSON nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
  }
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& failure) {
    throw Error(status, what + " is not valid JSON: " + why(failure));
  }
}

}  // namespace mortise::detail
