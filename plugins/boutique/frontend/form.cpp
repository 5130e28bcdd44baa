#include "form.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <mortise/error.hpp>

namespace boutique::frontend {
namespace {

constexpr std::size_t kMostFields = 64;

[[noreturn]] void refuse(const std::string& why) {
  throw mortise::Error(mortise::Status::invalid_argument, "The form cannot be read: " + why + ".");
}

int digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) refuse("it has a broken escape");
    decoded += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
    i += 2;
  }
  if (!is_text(decoded)) refuse("a field is no text");
  return decoded;
}

std::string_view trim(std::string_view text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

/// How many bytes a character has that begins with this one; 0: none does.
std::size_t size_of(unsigned char lead) noexcept {
  if (lead < 0x80U) return 1;
  if (lead >> 5U == 0b110U) return 2;
  if (lead >> 4U == 0b1110U) return 3;
  return lead >> 3U == 0b11110U ? 4 : 0;
}

/// Neither a control character nor half of a pair.
bool is_printable(std::uint32_t code) noexcept {
  const bool is_control = code < 0x20U || (code >= 0x7FU && code < 0xA0U);
  return !is_control && code <= 0x10FFFFU && (code < 0xD800U || code > 0xDFFFU);
}

}  // namespace

bool is_text(std::string_view bytes) noexcept {
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};  // a character of so many bytes
  while (!bytes.empty()) {
    const auto lead = static_cast<unsigned char>(bytes.front());
    const auto size = size_of(lead);
    if (size == 0 || size > bytes.size()) return false;
    std::uint32_t code = size == 1 ? lead : lead & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) {
      const auto next = static_cast<unsigned char>(bytes[i]);
      if ((next & 0xC0U) != 0x80U) return false;
      code = code << 6U | (next & 0x3FU);
    }
    if (code < kLeast.at(size) || !is_printable(code)) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

std::optional<std::int32_t> parse_number(std::string_view text, std::int32_t most) noexcept {
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0 || number > most || text[0] == '-') {
    return std::nullopt;
  }
  return number;
}

Form::Form(std::string_view body) {
  while (!body.empty()) {
    const auto pair = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(body.size(), pair.size() + 1));
    if (pair.empty()) continue;
    if (fields_.size() == kMostFields) refuse("it has too many fields");
    const auto equals = std::min(pair.find('='), pair.size());
    fields_.emplace_back(decode(pair.substr(0, equals)), trim(decode(pair.substr(std::min(pair.size(), equals + 1)))));
  }
}

std::string_view Form::get(std::string_view name) const noexcept {
  const auto field = std::find_if(fields_.begin(), fields_.end(), [&](const auto& one) { return one.first == name; });
  return field == fields_.end() ? std::string_view() : std::string_view(field->second);
}

}  // namespace boutique::frontend
