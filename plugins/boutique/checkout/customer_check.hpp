// What a customer may send to place an order. Knows no database; what the services know (whether a currency is taken, a
// card is good) they say themselves.
#pragma once

#include <boutique/checkout.hpp>

#include <string_view>

namespace boutique {

/// All throw `invalid_argument` with a message for the customer.
void check_key(std::string_view key);
/// Email and address.
void check_customer(const Customer& customer);
void check_email(std::string_view email);
void check_address(const Address& address);

}  // namespace boutique
