// What is to be seen on each page, in texts as they are shown. Views borrow: what they point to outlives the rendering.
#pragma once

#include <boutique/checkout.hpp>
#include <boutique/email.hpp>
#include <cstdint>
#include <mortise/values.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkout_form.hpp"

namespace boutique::frontend {

struct AdView {
  std::string_view text;
  std::string_view product;
};

/// What is around every page.
struct Frame {
  std::string_view title;
  std::string_view query;                  // what was searched for
  mortise::List<mortise::Str> currencies;  // none: there is nothing to choose from
  std::string_view currency;               // the one that prices are in
  std::string_view back = "/shop";         // where who has chosen another one comes back to
  std::int64_t things = 0;                 // in the cart
  std::optional<AdView> ad;
};

/// A product among others.
struct ProductCard {
  std::string_view id;
  std::string_view name;
  std::string_view picture;
  std::string price;
};

struct ProductView {
  ProductCard card;
  std::string_view description;
  std::vector<ProductCard> recommended;
  std::string_view quantity = "1";  // what stands in the field
  std::string_view message;         // why it did not get into the cart
};

struct CartLine {
  ProductCard card;  // with no price where it is sold no longer
  std::int32_t quantity;
  std::string sum;
};

struct CartView {
  std::vector<CartLine> lines;
  bool is_unknown = false;  // what is in it cannot be told at the moment
  std::string_view country;
  std::string shipping;  // none: it is not known at the moment
  std::string total;     // with shipping, where that is known
  std::vector<ProductCard> recommended;
  std::string_view message;            // why something could not be done
  const CheckoutForm* form = nullptr;  // none: checking out is not possible at the moment
};

struct OrderView {
  const Order& order;
  std::optional<Message> email;
  bool is_email_unknown = false;  // it cannot be told at the moment whether there is one
};

/// Something that cannot be shown, and why.
struct MessageView {
  std::string_view heading;
  std::string_view text;
};

}  // namespace boutique::frontend
