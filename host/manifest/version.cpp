#include "manifest/version.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/strings.hpp"

namespace mortise::manifest {
namespace {

using base::Error;
using base::ErrorCode;

// Eighteen digits always fit, also after one is added to find the end of a range.
constexpr std::size_t kMaxDigits = 18;
constexpr std::size_t kMaxVersionText = 256;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_identifier_char(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'; }
bool is_numeric(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

/// A number as SemVer writes it: no leading zero, no sign.
bool parse_number(std::string_view text, std::uint64_t& number) {
  if (!is_numeric(text) || text.size() > kMaxDigits || (text.size() > 1 && text[0] == '0')) return false;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return true;
}

/// Cuts the text before the next `separator` off the front of `rest`; the separator goes too.
std::string_view take_until(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto piece = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return piece;
}

/// Dot-separated identifiers, none empty; in a prerelease numeric ones have no leading zero.
bool are_identifiers(std::string_view text, bool allow_leading_zero) {
  if (text.empty() || text.back() == '.') return false;
  while (!text.empty()) {
    const auto identifier = take_until(text, '.');
    if (identifier.empty() || !std::all_of(identifier.begin(), identifier.end(), is_identifier_char)) return false;
    const bool has_leading_zero = identifier.size() > 1 && identifier[0] == '0' && is_numeric(identifier);
    if (has_leading_zero && !allow_leading_zero) return false;
  }
  return true;
}

/// Splits "-rc.1+build" off the end of `text`; false when a part is there but malformed.
bool split_suffixes(std::string_view& text, std::string& prerelease, std::string& build) {
  if (const auto plus = text.find('+'); plus != std::string_view::npos) {
    if (!are_identifiers(text.substr(plus + 1), true)) return false;
    build = text.substr(plus + 1);
    text = text.substr(0, plus);
  }
  if (const auto dash = text.find('-'); dash != std::string_view::npos) {
    if (!are_identifiers(text.substr(dash + 1), false)) return false;
    prerelease = text.substr(dash + 1);
    text = text.substr(0, dash);
  }
  return true;
}

std::strong_ordering compare_identifier(std::string_view a, std::string_view b) {
  const bool a_is_number = is_numeric(a);
  if (a_is_number != is_numeric(b)) return a_is_number ? std::strong_ordering::less : std::strong_ordering::greater;
  // Without leading zeros the longer number is the larger; this compares numbers of any length.
  if (a_is_number && a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

std::strong_ordering compare_prerelease(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return b.size() <=> a.size();  // a release comes after its prereleases
  while (!a.empty() && !b.empty()) {
    if (const auto order = compare_identifier(take_until(a, '.'), take_until(b, '.')); order != 0) return order;
  }
  return a.size() <=> b.size();
}

}  // namespace

base::Result<Version> Version::parse(std::string_view text) {
  const auto refuse = [&] {
    return Error{ErrorCode::invalid_argument, "'" + base::printable(text) +
                                                  "' is no version; write three numbers like 1.4.0, or with a "
                                                  "prerelease 1.4.0-rc.1 (semver.org)"};
  };
  if (text.size() > kMaxVersionText) return refuse();
  Version version;
  std::string_view rest = text;
  if (!split_suffixes(rest, version.prerelease, version.build)) return refuse();
  if (std::count(rest.begin(), rest.end(), '.') != 2) return refuse();
  for (auto* number : {&version.major, &version.minor, &version.patch}) {
    if (!parse_number(take_until(rest, '.'), *number)) return refuse();
  }
  return version;
}

std::string Version::to_string() const {
  auto text = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  if (!prerelease.empty()) text += "-" + prerelease;
  if (!build.empty()) text += "+" + build;
  return text;
}

std::strong_ordering Version::operator<=>(const Version& other) const {
  if (const auto order = major <=> other.major; order != 0) return order;
  if (const auto order = minor <=> other.minor; order != 0) return order;
  if (const auto order = patch <=> other.patch; order != 0) return order;
  return compare_prerelease(prerelease, other.prerelease);
}

}  // namespace mortise::manifest
