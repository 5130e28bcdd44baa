#include "http/canary_draw.hpp"

#include <algorithm>
#include <random>

#include "base/strings.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::http {
namespace {

constexpr std::string_view kHeader = "header:";
constexpr std::string_view kCookie = "cookie:";

/// FNV-1a: the same for a key in every process, so that a restart sends nobody elsewhere.
std::uint64_t hash(std::string_view text) noexcept {
  std::uint64_t value = 14695981039346656037U;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return value ^ (value >> 32U);
}

/// The value of a cookie in a Cookie header, or empty.
std::string_view cookie_in(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const auto end = std::min(header.find(';'), header.size());
    auto pair = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace

CanaryDraw::CanaryDraw(const runtime::CanaryShare& share) : percent_(share.percent) {
  const std::string_view key = share.key;
  if (key == "address") kind_ = Key::address;
  if (key.starts_with(kHeader)) {
    kind_ = Key::header;
    name_ = key.substr(kHeader.size());
  } else if (key.starts_with(kCookie)) {
    kind_ = Key::cookie;
    name_ = key.substr(kCookie.size());
  }
}

std::string_view CanaryDraw::key_of(const RequestHead& head, std::string_view remote_address) const {
  if (kind_ == Key::none) return {};
  if (kind_ == Key::address) return remote_address.substr(0, remote_address.rfind(':'));  // without the port
  for (const auto& field : head.headers) {
    const auto value = runtime::to_view(field.value);
    if (kind_ == Key::header && base::equals_ignoring_case(runtime::to_view(field.name), name_)) return value;
    if (kind_ != Key::cookie || !base::equals_ignoring_case(runtime::to_view(field.name), "Cookie")) continue;
    if (const auto cookie = cookie_in(value, name_); !cookie.empty()) return cookie;
  }
  return {};
}

bool CanaryDraw::takes(const RequestHead& head, std::string_view remote_address) const {
  const auto key = key_of(head, remote_address);
  thread_local std::minstd_rand random(std::random_device{}());
  const auto draw = key.empty() ? random() : hash(key);
  return draw % 100 < percent_;
}

}  // namespace mortise::http
