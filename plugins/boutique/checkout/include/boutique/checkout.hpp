// boutique.checkout/1: makes an order of a cart. Published by the team of `boutique-checkout`.
#pragma once

#include <mortise/contract.hpp>

#include <cstdint>
#include <string_view>

#include <boutique/money.hpp>
#include <boutique/payment.hpp>
#include <boutique/shipping.hpp>

namespace boutique {

struct OrderLine {
  mortise::Str product;
  mortise::Str name;
  std::int32_t quantity;
  Money price;  // for one, in the currency of the order
};

struct Order {
  mortise::Str id;  // what the customer has of it; the key that it was placed with
  mortise::Str tracking;
  mortise::Str email;
  Address address;
  mortise::List<OrderLine> lines;
  Money shipping;
  Money total;
};

struct Customer {
  mortise::Str email;
  mortise::Str currency;  // what the customer pays in
  Address address;
  Card card;
};

/// What has become of a key.
struct KeyState {
  static constexpr std::int32_t kNotBegun = 0;  // no order was begun with it, or that was forgotten, uncharged
  static constexpr std::int32_t kUnderWay = 1;  // one was begun: whoever asks for it again has that one finished
  static constexpr std::int32_t kPlaced = 2;
  static constexpr std::int32_t kOfNoUse = 3;  // it stands for an order that is refused for good, or of another cart

  std::int32_t state;
  mortise::Str why;  // of kOfNoUse: a message for the customer
};

struct Checkout {
  /// Charges the card, has the things sent and places the order, once for each key (32 hexadecimal digits, drawn at
  /// random by the storefront): who does not know whether it has been placed asks again with the same key, and gets the
  /// order that there is. The cart is empty a moment after. Throws `invalid_argument` with a message for the customer
  /// when something about it is wrong, the cart is empty, the address is not sent to or the card is refused,
  /// `failed_precondition` when the key stands for another one: nothing is charged then, and the cart is as it was; so
  /// it is, too, when the order turns out after its charge as one that cannot be sent, which is given back then:
  /// another try needs another key. As long as an order is not known to be charged, e-mail and address are those of the
  /// last who asked; another country is refused with `invalid_argument`, as its shipping may be charged. Throws
  /// `unavailable` when a service that it needs does not answer: the card may have been charged, and the order is then
  /// placed by itself, or when it is asked for again.
  mortise::Method<Order(std::string_view key, std::string_view cart, Customer customer)> place;
  /// Throws `not_found` when no order was placed with the key.
  mortise::Method<Order(std::string_view key)> find;
  /// What has become of a key, for who has that cart. Who offers to place an order asks before whether the last one is
  /// still under way, and has the same key sent again then; and after a `failed_precondition`, whose status alone may
  /// be anybody's on the way here, whether another key is needed.
  mortise::Method<KeyState(std::string_view key, std::string_view cart)> state;
};
MORTISE_CONTRACT(Checkout, "boutique.checkout", 1, place, find, state)
MORTISE_IDEMPOTENT(Checkout, place, find, state)

}  // namespace boutique
