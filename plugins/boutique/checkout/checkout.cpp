// Makes orders of carts: charges the card, has the things sent, places the order and tells others of it, once for each
// key whatever happens on the way. What was left in the middle, by a crash or by a service that did not answer, the
// durable task `settle` finishes, or forgets where nothing was charged; or the customer does, by asking again. What was
// charged and turns out as nothing that can be sent is refused for good, and the charge cancelled, by them likewise.
#include <boutique/checkout.hpp>
#include <boutique/order_placed.hpp>
#include <mortise/mortise.hpp>
#include <string>
#include <vector>

#include "customer_check.hpp"
#include "draft.hpp"
#include "orders.hpp"
#include "pricing.hpp"
#include "services.hpp"

namespace boutique {
namespace {

using mortise::Error;
using mortise::Status;

OrderTerms terms_of(const nlohmann::json& config) {
  return {std::chrono::seconds(config.value("settle_after_seconds", 60)),
          std::chrono::seconds(config.value("give_up_after_seconds", 3600))};
}

/// What this request is bound to.
template <class C>
const C& present(const mortise::OptionalSlot<C>& slot, const std::string& name) {
  if (const auto* const service = slot.get()) return *service;
  throw Error(Status::unavailable, "no orders can be placed at the moment: the boutique's " + name + " is not there");
}

constexpr const char* kOfAnotherCart = "an order with that key was begun for another cart";

bool is_refused(const KeptOrder& order) { return !order.order.refusal.empty(); }

/// For the customer.
std::string why_refused(const OrderRow& order, bool is_cancelled) {
  return "the order cannot be sent: " + order.refusal + "; the charge of the card " +
         (is_cancelled ? "was cancelled" : "will be cancelled as soon as that is possible");
}

/// In the scope's arena.
Order returned(const KeptOrder& kept) {
  const auto& order = kept.order;
  const auto lines = mortise::arena_array<OrderLine>(kept.lines.size());
  const auto currency = mortise::copy(order.currency);
  std::transform(kept.lines.begin(), kept.lines.end(), lines.begin(), [currency](const LineRow& line) {
    return OrderLine{
        mortise::copy(line.product), mortise::copy(line.name), line.quantity, {currency, line.units, line.nanos}};
  });
  return {mortise::copy(order.key),
          mortise::copy(order.tracking),
          mortise::copy(order.email),
          {mortise::copy(order.name), mortise::copy(order.street), mortise::copy(order.city),
           mortise::copy(order.postal_code), mortise::copy(order.country)},
          std::span<const OrderLine>(lines),
          {currency, order.shipping_units, order.shipping_nanos},
          {currency, order.total_units, order.total_nanos}};
}

}  // namespace

class CheckoutService : public mortise::Plugin {
 public:
  explicit CheckoutService(mortise::Context& ctx)
      : cart_(ctx.require_optional<Cart>()),
        catalog_(ctx.require_optional<Catalog>()),
        currency_(ctx.require_optional<Currency>()),
        payment_(ctx.require_optional<Payment>()),
        shipping_(ctx.require_optional<Shipping>()),
        orders_(ctx.sql(), ctx.tasks(), ctx.publisher<OrderPlaced>(), terms_of(ctx.config())),
        log_(ctx.log()) {
    ctx.provide<Checkout>(*this);
    ctx.tasks().handle(kSettle, [this](std::string_view key) { settle(key); });
  }

  // Called from many threads at once, and for one key, too: see orders.hpp.
  Order place(std::string_view key, std::string_view cart, const Customer& customer) {
    check_key(key);
    auto order = orders_.find(key);
    if (!order || !order->order.is_placed) {
      const auto services = present_services();
      if (!order) {
        check_customer(customer);
        order = price(services, key, cart, customer);
      } else if (!order->order.is_charged && !is_refused(*order) && order->order.cart == cart) {
        correct(services, *order, customer);
      }
      order = place(services, cart, orders_.begin(*order), customer.card);
    }
    return returned(*order);
  }

  Order find(std::string_view key) {
    const auto order = orders_.find(key);
    if (!order || !order->order.is_placed) throw Error(Status::not_found, "no order was placed with that key");
    return returned(*order);
  }

  KeyState state(std::string_view key, std::string_view cart) {
    check_key(key);
    const auto order = orders_.find(key);
    if (!order) return {KeyState::kNotBegun, {}};
    const auto& kept = order->order;
    if (is_refused(*order)) return {KeyState::kOfNoUse, mortise::copy(why_refused(kept, kept.is_cancelled))};
    if (kept.cart != cart) return {KeyState::kOfNoUse, kOfAnotherCart};
    return {kept.is_placed ? KeyState::kPlaced : KeyState::kUnderWay, {}};
  }

 private:
  [[nodiscard]] Services present_services() const {
    return {present(cart_, "cart"), present(catalog_, "catalogue"), present(currency_, "currency service"),
            present(payment_, "payment service"), present(shipping_, "shipping service")};
  }

  /// Who asks again, as nobody knew whether the card was charged, may have looked at the address again. Lines and
  /// prices stand: they may be what was charged.
  static void correct(const Services& services, KeptOrder& order, const Customer& customer) {
    check_customer(customer);
    if (customer.address.country != order.order.country) {
      throw Error(Status::invalid_argument, "the order was begun with the shipping to the country " +
                                                order.order.country +
                                                ", which may be charged already; please leave that as it was");
    }
    services.shipping.check(customer.address);
    readdress(order.order, customer);
  }

  /// One that was begun, unless somebody else has been faster.
  KeptOrder place(const Services& services, std::string_view cart, const KeptOrder& order, const Card& card) {
    if (order.order.is_placed) return order;
    if (is_refused(order)) refuse(services.payment, order.order);
    if (order.order.cart != cart) throw Error(Status::failed_precondition, kOfAnotherCart);
    const auto finished = finish_charged(services, order, charge(services.payment, order, card));
    if (!finished.order.is_placed) refuse(services.payment, finished.order);
    return finished;
  }

  KeptOrder finish_charged(const Services& services, const KeptOrder& order, std::string_view transaction) {
    try {
      return finish(services.shipping, order, transaction);
    } catch (const Error& error) {
      warn("an order was charged and waits to be placed", order.order.key, error);
      throw Error(Status::unavailable,
                  "the card was charged, and the order will be sent as soon as that is possible; "
                  "ask again with the same key");
    }
  }

  std::string charge(const Payment& payment, const KeptOrder& kept, const Card& card) {
    const auto& order = kept.order;
    try {
      return payment.charge(order.key, total_of(order), card).string();
    } catch (const Error& error) {
      if (error.status() == Status::invalid_argument) {
        orders_.forget(order);
        throw Error(Status::invalid_argument, error.what());
      }
      // Where it was cancelled, somebody has refused the order since it was looked at, and has written that down first:
      // the status alone may be anybody's on the way to a payment service that is elsewhere.
      if (error.status() == Status::failed_precondition) {
        if (const auto now = orders_.find(order.key); now && is_refused(*now)) refuse(payment, now->order);
      }
      warn("nobody knows whether an order was charged", order.key, error);
      throw Error(Status::unavailable,
                  "the payment service does not answer, and whether the card was charged is not known yet; "
                  "ask again with the same key, and it is charged once");
    }
  }

  /// Placed, or refused.
  KeptOrder finish(const Shipping& shipping, const KeptOrder& begun, std::string_view transaction) {
    const auto order = orders_.note_charged(begun);
    if (order.order.is_placed || is_refused(order)) return order;
    mortise::Str tracking;
    try {
      tracking = shipping.ship(order.order.key, address_of(order.order));
    } catch (const Error& error) {
      if (error.status() != Status::invalid_argument) throw;
      warn("an order that was charged cannot be sent", order.order.key, error);
      const std::string_view why = error.what();
      return orders_.refuse(order, why.empty() ? "the shipping service gives no reason" : why);
    }
    auto finished = orders_.finish(order, tracking, transaction);
    if (finished.order.is_placed) log_.info("an order was placed", {{"order", order.order.key}});
    return finished;
  }

  /// Tells the customer. What cannot be cancelled at this moment, the task cancels.
  [[noreturn]] void refuse(const Payment& payment, const OrderRow& order) {
    bool is_cancelled = order.is_cancelled;
    try {
      if (!is_cancelled) cancel(payment, order.key);
      is_cancelled = true;
    } catch (const Error& error) {
      warn("an order waits for its charge to be cancelled", order.key, error);
    }
    throw Error(Status::failed_precondition, why_refused(order, is_cancelled));
  }

  void cancel(const Payment& payment, std::string_view key) {
    payment.cancel(key);
    orders_.note_cancelled(key);
    log_.info("an order that cannot be sent was cancelled", {{"order", key}});
  }

  /// For the task, which tries until it succeeds, whatever the reason: it is the customer's money.
  void give_back(const Payment& payment, std::string_view key) {
    try {
      cancel(payment, key);
    } catch (const Error& error) {
      warn("an order waits for its charge to be cancelled", key, error);
      orders_.settle_later(key);
    }
  }

  /// The durable task.
  void settle(std::string_view key) {
    const auto order = orders_.find(key);
    if (!order || order->order.is_placed || order->order.is_cancelled) return;
    try {
      const auto& payment = present(payment_, "payment service");
      if (is_refused(*order)) return give_back(payment, key);
      const auto transaction = payment.transaction(key);
      if (!transaction.empty()) {
        const auto finished = finish(present(shipping_, "shipping service"), *order, transaction);
        if (!finished.order.is_placed) give_back(payment, key);
      } else if (orders_.give_up(order->order)) {
        log_.info("an order that nobody was charged for was forgotten", {{"order", key}});
      }
    } catch (const Error& error) {
      // However long a service is away, the order waits for it, and is not given up as a task is that fails.
      if (error.status() != Status::unavailable && error.status() != Status::deadline_exceeded) throw;
      warn("an order waits to be settled", key, error);
      orders_.settle_later(key);
    }
  }

  void warn(std::string_view message, std::string_view key, const Error& error) const {
    log_.warning(message, {{"order", key}, {"reason", error.what()}, {"way", error.context()}});
  }

  mortise::OptionalSlot<Cart> cart_;
  mortise::OptionalSlot<Catalog> catalog_;
  mortise::OptionalSlot<Currency> currency_;
  mortise::OptionalSlot<Payment> payment_;
  mortise::OptionalSlot<Shipping> shipping_;
  Orders orders_;
  mortise::Log log_;
};

}  // namespace boutique

MORTISE_PLUGIN(boutique::CheckoutService)
