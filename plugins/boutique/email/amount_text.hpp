// Amounts of money as people read them.
#pragma once

#include <boutique/money.hpp>

#include <string>
#include <string_view>

namespace boutique {

/// "19.90 EUR", "1250 JPY", "-0.500 KWD": with as many decimals as the currency has, rounded half to even from all that
/// the amount has. Throws `invalid_argument` for what is no amount.
std::string to_text(const Money& money);

/// Of ISO 4217; two for a currency that it does not know.
int decimals_of(std::string_view currency);

}  // namespace boutique
