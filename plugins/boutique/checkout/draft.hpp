// What an order is to be, put together of what the services have said; and an order as contracts and events have it.
// Knows no database and calls nobody.
#pragma once

#include <boutique/checkout.hpp>

#include <span>
#include <string_view>

#include "kept_order.hpp"

namespace boutique {

/// With the total of lines and shipping. Throws `invalid_argument` when an amount is none or in another currency than
/// the shipping, `out_of_range` when the total is too large.
KeptOrder draft(std::string_view key, std::string_view cart, const Customer& customer, std::span<const OrderLine> lines,
                const Money& shipping);

/// Has it go to where, and be told of to whom, this customer says.
void readdress(OrderRow& order, const Customer& customer);

/// Borrow their texts from the order.
Money total_of(const OrderRow& order);
Address address_of(const OrderRow& order);
OrderLine to_line(const OrderRow& order, const LineRow& line);
/// Borrows from both.
Order to_order(const OrderRow& order, std::span<const OrderLine> lines);

}  // namespace boutique
