// The rules of the house for sending things. They know nothing of the host, and keep nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boutique/shipping.hpp>

namespace boutique {

/// A parcel, and so much for each thing in it; more to countries other than the shop's own. As boutique.shipping/1 has
/// it.
Money quote_for(std::int32_t things, std::string_view country);

/// Throws `invalid_argument`, naming the line, for an address that nothing can be sent to: name, street and city are
/// there, no line is longer than 200 bytes or holds control characters, and the country is two capital letters. Not
/// every country has postal codes.
void check_address(const Address& address);

/// "BQ-900V-94GG-WVA4", of 60 bits that only the order's key decides, also in later versions. Throws `invalid_argument`
/// for an empty key.
std::string tracking_number(std::string_view order);

}  // namespace boutique
