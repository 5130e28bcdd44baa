#include "checkout_form.hpp"

#include <algorithm>
#include <mortise/error.hpp>

#include "countries.hpp"

namespace boutique::frontend {
namespace {

constexpr std::size_t kLongest = 200;  // bytes of a field

[[noreturn]] void refuse(const std::string& message) {
  throw mortise::Error(mortise::Status::invalid_argument, message);
}

void want_line(std::string_view text, const std::string& what) {
  if (text.empty()) refuse("Please fill in " + what + ".");
  if (text.size() > kLongest) refuse("Please shorten " + what + ".");
}

bool is_email(std::string_view text) {
  const auto at = text.find('@');
  return at != 0 && at != std::string_view::npos && at + 1 < text.size() && text.find('@', at + 1) == text.npos &&
         text.find(' ') == text.npos;
}

std::int32_t security_code_of(std::string_view text) {
  const auto code = parse_number(text, 9999);
  if (!code || text.size() < 3) refuse("Please fill in the security code: the three or four digits on the card.");
  return *code;
}

Card card_of(const CheckoutForm& form) {
  const auto is_part = [](char c) { return (c >= '0' && c <= '9') || c == ' ' || c == '-'; };
  want_line(form.card_number, "the card's number");
  if (!std::all_of(form.card_number.begin(), form.card_number.end(), is_part)) {
    refuse("A card's number has digits alone.");
  }
  const auto month = parse_number(form.expiry_month, 12);
  if (!month || *month == 0) refuse("Please fill in the month of the card's expiry: a number from 1 to 12.");
  auto year = parse_number(form.expiry_year, 9999);
  if (!year || (form.expiry_year.size() != 2 && form.expiry_year.size() != 4)) {
    refuse("Please fill in the year of the card's expiry, like 2031.");
  }
  if (form.expiry_year.size() == 2) *year += 2000;
  return {form.card_number, security_code_of(form.security_code), *year, *month};
}

}  // namespace

CheckoutForm read_checkout(const Form& form) {
  const auto get = [&](std::string_view name) { return std::string(form.get(name)); };
  return {.key = get("key"),
          .email = get("email"),
          .name = get("name"),
          .street = get("street"),
          .city = get("city"),
          .postal_code = get("postal_code"),
          .country = get("country"),
          .card_number = get("card_number"),
          .security_code = get("security_code"),
          .expiry_month = get("expiry_month"),
          .expiry_year = get("expiry_year")};
}

Customer to_customer(const CheckoutForm& form, std::string_view currency) {
  want_line(form.email, "your e-mail address");
  if (!is_email(form.email)) refuse("Please look at your e-mail address again: it should read like ada@example.com.");
  want_line(form.name, "your name");
  want_line(form.street, "the street and number");
  want_line(form.city, "the city");
  want_line(form.postal_code, "the postal code");
  if (find_country(form.country) == nullptr) refuse("We do not send things to that country.");
  return {.email = form.email,
          .currency = currency,
          .address = {form.name, form.street, form.city, form.postal_code, form.country},
          .card = card_of(form)};
}

}  // namespace boutique::frontend
