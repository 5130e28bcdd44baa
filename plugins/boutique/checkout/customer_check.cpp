#include "customer_check.hpp"

#include <algorithm>
#include <mortise/error.hpp>
#include <string>

namespace boutique {
namespace {

using mortise::Error;
using mortise::Status;

constexpr std::size_t kKeyDigits = 32;
constexpr std::size_t kMostEmail = 254;  // RFC 5321
constexpr std::size_t kMostLine = 200;
constexpr std::size_t kMostPostalCode = 20;

[[noreturn]] void refuse(const std::string& why) { throw Error(Status::invalid_argument, why); }

bool is_hexadecimal(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_control_or_space(char c) { return c == ' ' || is_control(c); }

void check_line(std::string_view text, const char* what, std::size_t most) {
  if (text.find_first_not_of(' ') == std::string_view::npos) refuse(std::string("please give ") + what);
  if (text.size() > most) refuse(std::string(what) + " is too long; " + std::to_string(most) + " bytes is the most");
  if (std::any_of(text.begin(), text.end(), is_control)) refuse(std::string(what) + " must be one line of text");
}

/// Labels with dots between them, two at least.
bool is_domain(std::string_view text) {
  return text.find('.') != std::string_view::npos && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos;
}

}  // namespace

void check_key(std::string_view key) {
  if (key.size() == kKeyDigits && std::all_of(key.begin(), key.end(), is_hexadecimal)) return;
  refuse("the key of an order has 32 hexadecimal digits");
}

void check_email(std::string_view email) {
  const auto at = email.find('@');
  const bool has_parts = at != std::string_view::npos && at > 0 && email.find('@', at + 1) == std::string_view::npos;
  const bool is_email = has_parts && email.size() <= kMostEmail && is_domain(email.substr(at + 1)) &&
                        std::none_of(email.begin(), email.end(), is_control_or_space);
  if (!is_email) refuse("please give an e-mail address, as in ada@example.com");
}

void check_address(const Address& address) {
  check_line(address.name, "the name", kMostLine);
  check_line(address.street, "the street", kMostLine);
  check_line(address.city, "the city", kMostLine);
  check_line(address.postal_code, "the postal code", kMostPostalCode);
  const std::string_view country = address.country;
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (country.size() != 2 || !std::all_of(country.begin(), country.end(), is_capital)) {
    refuse("the country is given by its code of two capital letters, as in GB");
  }
}

void check_customer(const Customer& customer) {
  check_email(customer.email);
  check_address(customer.address);
}

}  // namespace boutique
