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

}  // namespace mortise::http
