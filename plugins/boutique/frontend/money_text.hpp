// Amounts as people read them.
#pragma once

#include <boutique/money.hpp>
#include <string>

namespace boutique::frontend {

/// "$1,234.50", "€12.00", "¥1,980", "CHF 12.00": rounded to what the currency has, half to even as all rounding of
/// boutique.currency/1, and so as in the e-mail about the same order. Throws `invalid_argument` for what is no amount.
std::string to_text(const Money& money);

}  // namespace boutique::frontend
