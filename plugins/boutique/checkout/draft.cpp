#include "draft.hpp"

#include <utility>

namespace boutique {
namespace {

Money total(std::span<const OrderLine> lines, const Money& shipping) {
  auto sum = shipping;
  for (const auto& line : lines) sum = add(sum, multiply(line.price, line.quantity));
  return sum;
}

}  // namespace

KeptOrder draft(std::string_view key, std::string_view cart, const Customer& customer, std::span<const OrderLine> lines,
                const Money& shipping) {
  const auto sum = total(lines, shipping);
  KeptOrder kept;
  kept.order.key = key;
  kept.order.cart = cart;
  kept.order.currency = sum.currency.view();
  readdress(kept.order, customer);
  kept.order.shipping_units = shipping.units;
  kept.order.shipping_nanos = shipping.nanos;
  kept.order.total_units = sum.units;
  kept.order.total_nanos = sum.nanos;
  for (const auto& line : lines) {
    kept.lines.push_back(
        {line.product.string(), line.name.string(), line.quantity, line.price.units, line.price.nanos});
  }
  return kept;
}

void readdress(OrderRow& order, const Customer& customer) {
  order.email = customer.email.view();
  order.name = customer.address.name.view();
  order.street = customer.address.street.view();
  order.city = customer.address.city.view();
  order.postal_code = customer.address.postal_code.view();
  order.country = customer.address.country.view();
}

Money total_of(const OrderRow& order) { return {order.currency, order.total_units, order.total_nanos}; }

Address address_of(const OrderRow& order) {
  return {order.name, order.street, order.city, order.postal_code, order.country};
}

OrderLine to_line(const OrderRow& order, const LineRow& line) {
  return {line.product, line.name, line.quantity, {order.currency, line.units, line.nanos}};
}

Order to_order(const OrderRow& order, std::span<const OrderLine> lines) {
  return {order.key,         order.tracking, order.email,
          address_of(order), lines,          {order.currency, order.shipping_units, order.shipping_nanos},
          total_of(order)};
}

}  // namespace boutique
