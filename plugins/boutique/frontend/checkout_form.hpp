// The form that makes an order of a cart, as it was typed.
#pragma once

#include <boutique/checkout.hpp>
#include <string>
#include <string_view>

#include "form.hpp"

namespace boutique::frontend {

struct CheckoutForm {
  std::string key;  // makes sure that the order is placed once, however often the form is sent
  std::string email;
  std::string name;
  std::string street;
  std::string city;
  std::string postal_code;
  std::string country;
  // Never shown again.
  std::string card_number;
  std::string security_code;
  std::string expiry_month;
  std::string expiry_year;
};

CheckoutForm read_checkout(const Form& form);

/// What checkout wants to know; its texts are the form's. Throws `invalid_argument` with a message for the customer
/// that says what is missing, or wrong at first sight: whether a card is good is for payment to say.
Customer to_customer(const CheckoutForm& form, std::string_view currency);

}  // namespace boutique::frontend
