#include "http/percent.hpp"

#include <charconv>

namespace mortise::http {

bool append_percent_decoded(std::string_view text, std::string& to) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      to += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return false;
    unsigned value = 0;
    const char* digits = text.data() + i + 1;
    const auto [end, error] = std::from_chars(digits, digits + 2, value, 16);
    if (error != std::errc() || end != digits + 2) return false;
    to += static_cast<char>(value);
    i += 2;
  }
  return true;
}

std::string percent_encoded(std::string_view text, std::size_t most) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_trimmed = byte == ' ' && (i == 0 || i + 1 == text.size());
    const bool is_plain = byte >= ' ' && byte < 0x7f && byte != '%' && !is_trimmed;
    if (encoded.size() + (is_plain ? 1 : 3) > most) break;
    if (is_plain) {
      encoded += text[i];
    } else {
      encoded.append({'%', kDigits[byte / 16], kDigits[byte % 16]});
    }
  }
  return encoded;
}

}  // namespace mortise::http
