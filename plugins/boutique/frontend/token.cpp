#include "token.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace boutique::frontend {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::size_t kSize = 32;

}  // namespace

std::string draw_token() {
  std::array<std::uint8_t, kSize / 2> bytes{};
  // So few bytes come whole, or not at all.
  while (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "no random numbers");
  }
  std::string token;
  token.reserve(kSize);
  for (const auto byte : bytes) {
    token += kDigits[byte >> 4U];
    token += kDigits[byte & 15U];
  }
  return token;
}

bool is_token(std::string_view text) noexcept {
  return text.size() == kSize &&
         std::all_of(text.begin(), text.end(), [](char c) { return kDigits.find(c) != std::string_view::npos; });
}

}  // namespace boutique::frontend
