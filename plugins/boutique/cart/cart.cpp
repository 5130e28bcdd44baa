// The boutique's carts, for other plugins. What has become an order leaves its cart, exactly once; a cart that nobody
// comes back to is removed.
#include <algorithm>
#include <boutique/cart.hpp>
#include <boutique/order_placed.hpp>
#include <chrono>
#include <mortise/mortise.hpp>

#include "rules.hpp"
#include "store.hpp"

namespace boutique {

class CartService : public mortise::Plugin {
 public:
  explicit CartService(mortise::Context& ctx)
      : store_(ctx.sql()), log_(ctx.log()), keep_(ctx.config().value("keep_days", 30)) {
    ctx.provide<Cart>(*this);
    ctx.subscribe<OrderPlaced>([](mortise::SqlTransaction& tx, const OrderPlaced& event) {
      for (const auto& line : event.order.lines) Store::take(tx, event.cart, line.product, line.quantity);
    });
    // Also at each start: where a host never runs for a day.
    ctx.tasks().post([this] { remove_unchanged(); });
    ctx.tasks().every("remove-unchanged", std::chrono::hours(24), [this] { remove_unchanged(); });
  }

  // Called from many threads at once.
  mortise::List<CartItem> items(std::string_view cart) {
    check_cart(cart);
    const auto lines = store_.lines(cart);
    const auto items = mortise::arena_array<CartItem>(lines.size());
    std::transform(lines.begin(), lines.end(), items.begin(), [](const Line& line) {
      return CartItem{mortise::copy(line.product), line.quantity};
    });
    return std::span<const CartItem>(items);
  }

  void add(std::string_view cart, std::string_view product, std::int32_t quantity) {
    check_cart(cart);
    check_product(product);
    check_added(quantity);
    check_in_cart(product, quantity);
    store_.add(cart, product, quantity);
  }

  void set(std::string_view cart, std::string_view product, std::int32_t quantity) {
    check_cart(cart);
    check_product(product);
    check_in_cart(product, quantity);
    store_.set(cart, product, quantity);
  }

  void empty(std::string_view cart) {
    check_cart(cart);
    store_.remove(cart);
  }

 private:
  void remove_unchanged() {
    if (const auto count = store_.remove_unchanged(keep_); count > 0) {
      log_.info("carts that nobody came back to were removed", {{"carts", count}});
    }
  }

  Store store_;
  mortise::Log log_;
  std::chrono::days keep_;
};

}  // namespace boutique

MORTISE_PLUGIN(boutique::CartService)
