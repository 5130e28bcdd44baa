#include "store.hpp"

#include "rules.hpp"

namespace boutique {
namespace {

/// The cart is there from here on, and is as good as new.
void touch(mortise::SqlTransaction& tx, std::string_view cart) {
  tx.execute("INSERT INTO cart (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET changed = unixepoch()", cart);
}

/// What breaks a rule is noticed when it is done, and rolled back: so no two that come at once break it together.
void check(mortise::SqlTransaction& tx, std::string_view cart, std::string_view product) {
  check_in_cart(
      product,
      tx.select_one<std::int64_t>("SELECT quantity FROM line WHERE cart = ? AND product = ?", cart, product).value());
  check_products(tx.select_one<std::int64_t>("SELECT count(*) FROM line WHERE cart = ?", cart).value());
}

}  // namespace

std::vector<Line> Store::lines(std::string_view cart) {
  return sql_.select<Line>("SELECT product, quantity FROM line WHERE cart = ? ORDER BY id", cart);
}

void Store::add(std::string_view cart, std::string_view product, std::int32_t quantity) {
  sql_.transaction([&](mortise::SqlTransaction& tx) {
    touch(tx, cart);
    tx.execute(
        "INSERT INTO line (cart, product, quantity) VALUES (?, ?, ?) "
        "ON CONFLICT (cart, product) DO UPDATE SET quantity = quantity + excluded.quantity",
        cart, product, quantity);
    check(tx, cart, product);
  });
}

void Store::set(std::string_view cart, std::string_view product, std::int32_t quantity) {
  sql_.transaction([&](mortise::SqlTransaction& tx) {
    touch(tx, cart);
    if (quantity == 0) {
      tx.execute("DELETE FROM line WHERE cart = ? AND product = ?", cart, product);
      return;
    }
    tx.execute(
        "INSERT INTO line (cart, product, quantity) VALUES (?, ?, ?) "
        "ON CONFLICT (cart, product) DO UPDATE SET quantity = excluded.quantity",
        cart, product, quantity);
    check(tx, cart, product);
  });
}

void Store::remove(std::string_view cart) { sql_.execute("DELETE FROM cart WHERE name = ?", cart); }

void Store::take(mortise::SqlTransaction& tx, std::string_view cart, std::string_view product, std::int32_t quantity) {
  tx.execute("UPDATE line SET quantity = quantity - ? WHERE cart = ? AND product = ?", quantity, cart, product);
  tx.execute("DELETE FROM line WHERE cart = ? AND product = ? AND quantity <= 0", cart, product);
}

std::int64_t Store::remove_unchanged(std::chrono::days age) {
  return sql_.execute("DELETE FROM cart WHERE changed <= unixepoch() - ?",
                      static_cast<std::int64_t>(std::chrono::seconds(age).count()));
}

}  // namespace boutique
