// What is written to a customer whose order was placed. Knows no database.
#pragma once

#include <boutique/checkout.hpp>

#include <string>

namespace boutique {

struct Confirmation {
  std::string to;
  std::string subject;
  std::string text;  // plain text, lines end with '\n'
};

/// Throws mortise::Error when an amount of the order is none.
Confirmation confirm(const Order& order);

}  // namespace boutique
