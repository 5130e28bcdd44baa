#include "pricing.hpp"

#include <algorithm>
#include <mortise/error.hpp>
#include <span>
#include <string>
#include <vector>

#include "draft.hpp"

namespace boutique {
namespace {

using mortise::Error;
using mortise::Status;

void check_currency(const Currency& currency, mortise::Str code) {
  const auto supported = currency.supported();
  if (std::find(supported.begin(), supported.end(), code) != supported.end()) return;
  throw Error(Status::invalid_argument, "we do not take the currency '" + code.string() + "'");
}

Product product_of(const Catalog& catalog, mortise::Str id) {
  try {
    return catalog.get(id);
  } catch (const Error& error) {
    if (error.status() != Status::not_found) throw;
    throw Error(Status::invalid_argument,
                "'" + id.string() + "' is not for sale any more; please take it out of the cart");
  }
}

}  // namespace

KeptOrder price(const Services& services, std::string_view key, std::string_view cart, const Customer& customer) {
  check_currency(services.currency, customer.currency);
  const auto items = services.cart.items(cart);
  if (items.empty()) throw Error(Status::invalid_argument, "the cart is empty");
  std::vector<OrderLine> lines;
  std::int32_t things = 0;
  for (const auto& item : items) {
    const auto product = product_of(services.catalog, item.product);
    lines.push_back(
        {item.product, product.name, item.quantity, services.currency.convert(product.price, customer.currency)});
    things += item.quantity;
  }
  services.shipping.check(customer.address);
  const auto shipping = services.shipping.quote(things, customer.address.country);
  return draft(key, cart, customer, lines, services.currency.convert(shipping, customer.currency));
}

}  // namespace boutique
