// What becomes of a cart: an order, once, however often the form is sent.
#include <algorithm>

#include "cookies.hpp"
#include "countries.hpp"
#include "shop.hpp"
#include "token.hpp"

namespace boutique::frontend {
namespace {

using mortise::Error;
using mortise::Status;

// Longer than an order takes, and not so long that its customer gives up before it is known what they can do.
constexpr std::chrono::milliseconds kOrderPatience{20000};
// For the page that says that an order is not known to be placed: as long as it may take when every part of it is slow,
// see kCartPatience and kLongerPatience.
constexpr std::chrono::milliseconds kTimeToAnswer{2500};

/// Of the time that the customer's request may take yet: what is left then is for the page that tells of it, without
/// which nobody would know that the form can be sent again.
std::chrono::milliseconds patience_of(const mortise::Request& request) {
  const auto left = request.time_left();
  if (!left) return kOrderPatience;
  return std::min(kOrderPatience, std::max(*left - kTimeToAnswer, *left / 2));
}

/// What a customer is told whose order was not placed, as far as anybody knows.
struct Refusal {
  std::uint32_t status;
  std::string message;
};
Refusal refusal_of(const Error& failure) {
  if (failure.status() == Status::invalid_argument) return {400, sentence(failure.what())};
  return {
      503,
      "We could not finish this at the moment. Please send it again a little later: your order is placed and charged "
      "once, however often you send it."};
}

}  // namespace

void Shop::check_out(const Request& request, Response& response) const {
  auto typed = read_checkout(form_of(request));
  const auto who = visit(request);
  // Who has no cart may still ask for what became of it, with the key.
  const auto fresh_cart = draw_token();
  const auto cart = who.cart.empty() ? std::string_view(fresh_cart) : who.cart;
  try {
    const auto* const checkout = services_.checkout.get();
    if (checkout == nullptr) throw Error(Status::unavailable, "nobody provides boutique.checkout/1");
    if (!is_token(typed.key)) {
      typed.key = key_for_form(who).key;
      throw Error(Status::invalid_argument, "The form was not sent as a whole. Please look at it, and send it again.");
    }
    const mortise::TimeLimit limit(patience_of(request));
    const auto before = checkout->state(typed.key, cart).state;
    const auto order = checkout->place(typed.key, cart, to_customer(typed, who.currency));
    // What has become the order leaves its cart a moment later. A cart that nothing else is in is replaced at once; but
    // not for an order that was placed before: what is in the cart was put there since.
    const bool is_ours = before == KeyState::kNotBegun || before == KeyState::kUnderWay;
    if (is_ours && !has_more_than(order, who)) {
      response.header("Set-Cookie", keep_cart(fresh_cart, who.is_secure));
    }
    // Last: clients like curl keep a cookie that is to end where another one follows.
    if (typed.key == who.order) response.header("Set-Cookie", forget_order(who.is_secure));
    response.redirect("/shop/orders/" + std::string(order.id.view()));
  } catch (const Error& failure) {
    auto refusal = refusal_of(failure);
    // Whether another key is needed, and why, is checkout's alone to say: the status may be anybody's on the way there.
    const auto told =
        failure.status() == Status::failed_precondition ? state_of(typed.key, cart) : std::optional<KeyState>();
    const bool is_of_no_use = told && told->state == KeyState::kOfNoUse;
    if (is_of_no_use) {
      refusal = {400, sentence(told->why)};
      typed.key = draw_token();
    }
    if (refusal.status >= 500) {
      log_.warning("an order could not be placed, or not be told of",
                   {{"reason", failure.what()}, {"way", failure.context()}});
    }
    response.status(refusal.status);
    render_cart(who, response, {.message = refusal.message, .form = std::move(typed), .is_sent = !is_of_no_use});
  }
}

bool Shop::has_more_than(const Order& order, const Visit& visit) const {
  bool has_more = true;
  decorate(things_, [&] {
    const mortise::TimeLimit limit(kLongerPatience);
    const auto items = items_of(visit);
    has_more = std::any_of(items.begin(), items.end(), [&](const CartItem& item) {
      return std::none_of(order.lines.begin(), order.lines.end(), [&](const OrderLine& line) {
        return line.product == item.product && line.quantity >= item.quantity;
      });
    });
  });
  return has_more;
}

std::optional<KeyState> Shop::state_of(std::string_view key, std::string_view cart) const {
  std::optional<KeyState> state;
  decorate(key_, [&] {
    const auto* const checkout = services_.checkout.get();
    if (checkout == nullptr) return;
    const mortise::TimeLimit limit(kLongerPatience);
    state = checkout->state(key, cart);
  });
  return state;
}

void Shop::show_order(const Request& request, Response& response) const {
  const auto id = request.param("id");
  const auto* const checkout = services_.checkout.get();
  if (!is_token(id)) throw Error(Status::not_found, "There is no such order.");
  if (checkout == nullptr) throw Error(Status::unavailable, "nobody provides boutique.checkout/1");
  const auto who = visit(request);
  const auto order = checkout->find(id);
  OrderView found{.order = order, .email = {}};
  add_confirmation(found);
  auto around = frame(who, "Your order", glance_at_items_of(who));
  const auto path = "/shop/orders/" + std::string(id);
  around.back = path;
  send_page(response, pages_.order(around, found));
}

/// No message as long as none has been written.
void Shop::add_confirmation(OrderView& view) const {
  const auto* const email = services_.email.get();
  if (email == nullptr) return;
  view.is_email_unknown = true;
  decorate(confirmation_, [&] {
    const mortise::TimeLimit limit(kLongerPatience);
    try {
      view.email = email->confirmation(view.order.id);
    } catch (const Error& failure) {
      if (failure.status() != Status::not_found) throw;
    }
    view.is_email_unknown = false;
  });
}

}  // namespace boutique::frontend
