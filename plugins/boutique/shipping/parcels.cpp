#include "parcels.hpp"

#include <algorithm>

namespace boutique {
namespace {

using mortise::Error;
using mortise::Status;

constexpr std::string_view kHome = "US";
constexpr std::size_t kMaxLine = 200;

struct Tariff {
  Money parcel;
  Money thing;
};
constexpr Tariff kInland{{"USD", 4, 950'000'000}, {"USD", 0, 750'000'000}};
constexpr Tariff kAbroad{{"USD", 14, 500'000'000}, {"USD", 2, 250'000'000}};

bool is_country(std::string_view code) {
  return code.size() == 2 && std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

[[noreturn]] void refuse(const std::string& why) { throw Error(Status::invalid_argument, why); }

void check_country(std::string_view country) {
  if (!is_country(country)) refuse("a country is two capital letters such as US, not '" + std::string(country) + "'");
}

void check_line(std::string_view line, const std::string& name, bool may_be_blank = false) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (!may_be_blank && line.find_first_not_of(' ') == std::string_view::npos) refuse("the " + name + " is missing");
  if (line.size() > kMaxLine) refuse("the " + name + " is longer than " + std::to_string(kMaxLine) + " bytes");
  if (std::any_of(line.begin(), line.end(), is_control)) refuse("the " + name + " holds control characters");
}

/// FNV-1a, and the end of splitmix64, which has every bit depend on every other: the same on all machines and in all
/// versions, which std::hash is not.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  value = (value ^ value >> 30U) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27U) * 0x94d049bb133111eb;
  return value ^ value >> 31U;
}

}  // namespace

Money quote_for(std::int32_t things, std::string_view country) {
  check_country(country);
  if (things < 0) refuse("cannot send " + std::to_string(things) + " things");
  if (things == 0) return {"USD", 0, 0};
  const auto& tariff = country == kHome ? kInland : kAbroad;
  return add(tariff.parcel, multiply(tariff.thing, things));
}

void check_address(const Address& address) {
  check_line(address.name, "name");
  check_line(address.street, "street");
  check_line(address.city, "city");
  check_line(address.postal_code, "postal code", true);
  check_country(address.country);
}

std::string tracking_number(std::string_view order) {
  // Without I, L, O and U, which are taken for others when they are read out.
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  constexpr int kGroups = 3;
  constexpr int kDigitsOfGroup = 4;
  if (order.empty()) refuse("an order without a key cannot be sent");
  auto bits = hash(order);
  std::string number = "BQ";
  for (int group = 0; group < kGroups; ++group) {
    number += '-';
    for (int digit = 0; digit < kDigitsOfGroup; ++digit, bits >>= 5U) number += kDigits[bits % kDigits.size()];
  }
  return number;
}

}  // namespace boutique
