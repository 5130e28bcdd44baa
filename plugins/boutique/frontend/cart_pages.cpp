// The cart, and what is done with it.
#include <algorithm>
#include <numeric>

#include "cookies.hpp"
#include "countries.hpp"
#include "money_text.hpp"
#include "shop.hpp"
#include "token.hpp"

namespace boutique::frontend {
namespace {

using mortise::Error;
using mortise::Status;

const std::string kWrongQuantity =
    "The quantity must be a whole number from 1 to " + std::to_string(kMostOfOne) + ". The cart is as it was.";
constexpr const char* kTooMuch = "So much of it does not fit into the cart. The cart is as it was.";

constexpr const char* kNotFinished =
    "An order that you have sent is not finished yet. Please send it again, to have it finished or to see what became "
    "of it: it is placed and charged once, with what was in the cart when you sent it first.";

// What is in a cart, and what it costs, is what its visitor has come for; beyond that a page that says that it is not
// to be had tells them more.
constexpr std::chrono::milliseconds kCartPatience{1000};

std::string country_or_usual(std::string_view code) {
  return std::string(find_country(code) == nullptr ? kUsualCountry : code);
}

}  // namespace

void Shop::show_cart(const Request& request, Response& response) const {
  const auto who = visit(request);
  auto [key, state] = key_for_form(who);
  if (state == KeyState::kPlaced) {  // nobody has been told yet
    response.header("Set-Cookie", forget_order(who.is_secure)).redirect(std::string("/shop/orders/").append(who.order));
    return;
  }
  CheckoutForm form;
  form.key = std::move(key);
  form.country = request.query("country").value_or("");
  const bool is_sent = state == KeyState::kUnderWay;
  render_cart(who, response, {.message = is_sent ? kNotFinished : "", .form = std::move(form), .is_sent = is_sent});
}

Shop::FormKey Shop::key_for_form(const Visit& visit) const {
  if (visit.order.empty()) return {draw_token(), KeyState::kNotBegun};
  const auto told = state_of(visit.order, visit.cart);
  const auto state = told ? told->state : KeyState::kNotBegun;
  if (state == KeyState::kPlaced || state == KeyState::kOfNoUse) return {draw_token(), state};
  return {std::string(visit.order), state};
}

void Shop::render_cart(const Visit& visit, Response& response, const CartNote& note) const {
  const auto country = country_or_usual(note.form.country);
  CartView view{.lines = {},
                .country = country,
                .shipping = {},
                .total = {},
                .recommended = {},
                .message = note.message,
                .form = note.is_sent ? &note.form : nullptr};
  mortise::List<CartItem> items;
  auto sum = to_money(visit.currency, 0);
  const auto look_into_cart = [&] {
    const mortise::TimeLimit limit(kCartPatience);
    items = items_of(visit);
    view.lines = lines_of(visit, items, sum);
    view.is_unknown = false;
  };
  if (note.is_sent) {  // the form has to come back, whatever else there is
    view.is_unknown = true;
    decorate(cart_, look_into_cart);
  } else {
    look_into_cart();
  }
  if (!view.lines.empty()) {
    if (const auto shipping = shipping_of(visit, items, country)) {
      view.shipping = to_text(*shipping);
      sum = boutique::add(sum, *shipping);
      if (services_.checkout.get() != nullptr) view.form = &note.form;
    }
    view.total = to_text(sum);
  }
  // Whatever becomes of the answer to this form: the next one has its key.
  if (view.form != nullptr && note.form.key != visit.order) {
    response.header("Set-Cookie", keep_order(note.form.key, visit.is_secure));
  }
  view.recommended = recommend(visit, products_in(items));
  auto around = frame(visit, "Your cart", items);
  around.back = "/shop/cart";
  send_page(response, pages_.cart(around, view));
}

/// What is sold no longer has no price.
std::vector<CartLine> Shop::lines_of(const Visit& visit, mortise::List<CartItem> items, Money& sum) const {
  std::vector<CartLine> lines;
  lines.reserve(items.size());
  for (const auto& item : items) {
    try {
      const auto product = services_.catalog->get(item.product);
      const auto price = in_currency_of(visit, product.price);
      const auto line_sum = multiply(price, item.quantity);
      sum = boutique::add(sum, line_sum);
      lines.push_back({{product.id, product.name, product.picture, to_text(price)}, item.quantity, to_text(line_sum)});
    } catch (const Error& failure) {
      if (failure.status() != Status::not_found) throw;
      lines.push_back({{item.product, item.product, {}, {}}, item.quantity, {}});
    }
  }
  return lines;
}

std::optional<Money> Shop::shipping_of(const Visit& visit, mortise::List<CartItem> items,
                                       std::string_view country) const {
  std::optional<Money> cost;
  decorate(shipping_, [&] {
    const auto* const shipping = services_.shipping.get();
    if (shipping == nullptr) return;
    const mortise::TimeLimit limit(kLongerPatience);
    const auto things =
        std::accumulate(items.begin(), items.end(), std::int32_t{0},
                        [](std::int32_t so_far, const CartItem& item) { return so_far + item.quantity; });
    cost = in_currency_of(visit, shipping->quote(things, country));
  });
  return cost;
}

void Shop::add_to_cart(const Request& request, Response& response) const {
  const auto form = form_of(request);
  const auto product = form.get("product");
  if (!is_product_id(product)) no_such_product();
  const auto refuse = [&](std::string_view why) {
    render_product(request, response, product, form.get("quantity"), why);
  };
  const auto quantity = parse_number(form.get("quantity"), kMostOfOne);
  if (!quantity || *quantity == 0) return refuse(kWrongQuantity);
  static_cast<void>(services_.catalog->get(product));  // nothing that is not for sale gets into a cart

  const auto known = cart_of(request.header("Cookie").value_or(""));
  const auto cart = known ? std::string(*known) : draw_token();
  try {
    services_.cart->add(cart, product, *quantity);
  } catch (const Error& failure) {
    if (failure.status() != Status::out_of_range) throw;
    return refuse(kTooMuch);
  }
  response.header("Set-Cookie", keep_cart(cart, request.is_secure())).redirect("/shop/cart");
}

void Shop::set_in_cart(const Request& request, Response& response) const {
  const auto form = form_of(request);
  const auto product = request.param("product");
  if (!is_product_id(product)) no_such_product();
  const auto refuse = [&](std::string_view why) {
    const auto who = visit(request);
    auto [key, state] = key_for_form(who);
    CheckoutForm untyped;
    untyped.key = std::move(key);
    response.status(400);
    render_cart(who, response, {.message = why, .form = std::move(untyped), .is_sent = state == KeyState::kUnderWay});
  };
  const auto quantity = parse_number(form.get("quantity"), kMostOfOne);
  if (!quantity) return refuse(kWrongQuantity);
  if (const auto cart = cart_of(request.header("Cookie").value_or(""))) {
    if (*quantity > 0) static_cast<void>(services_.catalog->get(product));
    try {
      services_.cart->set(*cart, product, *quantity);
    } catch (const Error& failure) {
      if (failure.status() != Status::out_of_range) throw;
      return refuse(kTooMuch);
    }
  }
  response.redirect("/shop/cart");
}

void Shop::empty_cart(const Request& request, Response& response) const {
  static_cast<void>(form_of(request));
  if (const auto cart = cart_of(request.header("Cookie").value_or(""))) services_.cart->empty(*cart);
  response.redirect("/shop/cart");
}

}  // namespace boutique::frontend
