#include "manifest/contract_id.hpp"

#include <charconv>
#include <cstdint>
#include <system_error>

namespace mortise::manifest {
namespace {

constexpr std::size_t kMaxId = 128;

bool is_dotted_words(std::string_view name) noexcept {
  char before = '.';
  for (const char c : name) {
    const bool starts_word = before == '.';
    const bool is_letter = c >= 'a' && c <= 'z';
    const bool is_inner = (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!is_letter && (starts_word || !is_inner)) return false;
    before = c;
  }
  return before != '.';
}

}  // namespace

bool is_contract_id(std::string_view text) noexcept {
  const auto slash = text.find('/');
  if (text.size() > kMaxId || slash == std::string_view::npos) return false;
  if (!is_dotted_words(text.substr(0, slash))) return false;
  const auto digits = text.substr(slash + 1);
  std::uint32_t version = 0;
  const auto end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, version);
  return error == std::errc{} && rest == end && digits[0] != '0';
}

}  // namespace mortise::manifest
