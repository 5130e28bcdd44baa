#include "confirmation.hpp"

#include "amount_text.hpp"

namespace boutique {
namespace {

std::string line_of(const OrderLine& line) {
  auto text = "  " + std::to_string(line.quantity) + " x " + line.name.string();
  if (line.quantity > 1) text += ", " + to_text(line.price) + " each";
  return text + ": " + to_text(multiply(line.price, line.quantity)) + "\n";
}

std::string address_of(const Address& address) {
  std::string text;
  for (const auto& part : {address.name.string(), address.street.string(),
                           address.postal_code.string() + " " + address.city.string(), address.country.string()}) {
    text += "  " + part + "\n";
  }
  return text;
}

}  // namespace

Confirmation confirm(const Order& order) {
  auto text = "Hello " + order.address.name.string() + ",\n\nthank you for your order " + order.id.string() + ":\n\n";
  for (const auto& line : order.lines) text += line_of(line);
  text += "  Shipping: " + to_text(order.shipping) + "\n";
  text += "  Total: " + to_text(order.total) + "\n\n";
  text += "It is on its way to\n\n" + address_of(order.address) + "\n";
  text += "with the tracking number " + order.tracking.string() + ".\n\nThe boutique\n";
  return {order.email.string(), "Your order " + order.id.string(), std::move(text)};
}

}  // namespace boutique
