// JSON that may come from anywhere. Nothing here is for plugins: Request::json() and Kv::get_json() are.
#pragma once

#include <algorithm>
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

/// Whether a document has more than `limit` arrays and objects inside one another.
inline bool is_document_deeper(const nlohmann::json& document, std::size_t limit) {
  if (!document.is_structured()) return false;
  return limit == 0 || std::any_of(document.begin(), document.end(),
                                   [&](const nlohmann::json& inner) { return is_document_deeper(inner, limit - 1); });
}

inline std::string too_deep(const std::string& what) {
  return what + " is JSON nested deeper than " + std::to_string(kMaxJsonDepth) + " levels";
}

/// Its text, which parse_json() takes; throws `invalid_argument` where there is none.
inline std::string print_json(const nlohmann::json& document, const std::string& what) {
  if (is_document_deeper(document, kMaxJsonDepth)) throw Error(Status::invalid_argument, too_deep(what));
  try {
    return document.dump();
  } catch (const nlohmann::json::exception& failure) {
    throw Error(Status::invalid_argument, what + " has no text as JSON: " + why(failure));
  }
}

/// Throws `status` when it is none; `what` is what the message calls it.
inline nlohmann::json parse_json(std::string_view text, const std::string& what, Status status) {
  if (is_nested_deeper(text, kMaxJsonDepth)) throw Error(status, too_deep(what));
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& failure) {
    throw Error(status, what + " is not valid JSON: " + why(failure));
  }
}

}  // namespace mortise::detail
