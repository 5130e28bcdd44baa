#include "orders.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "draft.hpp"

namespace boutique {

using mortise::SqlTransaction;

std::optional<KeptOrder> Orders::find(std::string_view key) {
  return sql_.snapshot([key](SqlTransaction& tx) { return find(tx, key); });
}

std::optional<KeptOrder> Orders::find(SqlTransaction& tx, std::string_view key) {
  auto order = tx.select_one<OrderRow>(
      "SELECT key, cart, is_placed, attempts, email, currency, name, street, city, postal_code, country, "
      "shipping_units, shipping_nanos, total_units, total_nanos, tracking, refusal, is_cancelled, is_charged FROM "
      "orders "
      "WHERE key = ?",
      key);
  if (!order) return std::nullopt;
  auto lines = tx.select<LineRow>(
      "SELECT product, name, quantity, units, nanos FROM order_line WHERE order_key = ? ORDER BY position", key);
  return KeptOrder{*std::move(order), std::move(lines)};
}

/// False: there is one with that key.
bool Orders::keep(SqlTransaction& tx, const KeptOrder& kept) {
  const auto& order = kept.order;
  const auto inserted = tx.execute(
      "INSERT INTO orders (key, cart, email, currency, name, street, city, postal_code, country, shipping_units, "
      "shipping_nanos, total_units, total_nanos) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (key) DO NOTHING",
      order.key, order.cart, order.email, order.currency, order.name, order.street, order.city, order.postal_code,
      order.country, order.shipping_units, order.shipping_nanos, order.total_units, order.total_nanos);
  if (inserted == 0) return false;
  std::int64_t position = 0;
  for (const auto& line : kept.lines) {
    tx.execute(
        "INSERT INTO order_line (order_key, position, product, name, quantity, units, nanos) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        order.key, ++position, line.product, line.name, line.quantity, line.units, line.nanos);
  }
  return true;
}

void Orders::submit(SqlTransaction& tx, std::string_view key) {
  tasks_.submit(tx, kSettle, key, {.after = terms_.settle_after, .name = key});
}

KeptOrder Orders::begin(const KeptOrder& kept) {
  const auto& key = kept.order.key;
  return sql_.transaction([&](SqlTransaction& tx) {
    bool is_open = keep(tx, kept);
    if (!is_open) {
      correct(tx, kept.order);
      is_open = tx.execute(
                    "UPDATE orders SET attempts = attempts + 1, tried = unixepoch() WHERE key = ? AND is_placed = 0 "
                    "AND refusal = ''",
                    key) > 0;
    }
    if (is_open) submit(tx, key);
    return find(tx, key).value();
  });
}

/// Of the same cart, and to the same country: what it costs may have been asked for already.
void Orders::correct(SqlTransaction& tx, const OrderRow& order) {
  tx.execute(
      "UPDATE orders SET email = ?, name = ?, street = ?, city = ?, postal_code = ? WHERE key = ? AND cart = ? "
      "AND country = ? AND is_charged = 0 AND is_placed = 0 AND refusal = ''",
      order.email, order.name, order.street, order.city, order.postal_code, order.key, order.cart, order.country);
}

KeptOrder Orders::note_charged(const KeptOrder& kept) {
  const auto& key = kept.order.key;
  return sql_.transaction([&](SqlTransaction& tx) {
    if (keep(tx, kept)) submit(tx, key);  // where it was given up
    tx.execute("UPDATE orders SET is_charged = 1 WHERE key = ? AND is_placed = 0 AND refusal = ''", key);
    return find(tx, key).value();
  });
}

void Orders::forget(const OrderRow& refused) {
  if (refused.attempts != 1) return;  // of an earlier try nobody knows how it went
  sql_.transaction([&](SqlTransaction& tx) {
    if (tx.execute("DELETE FROM orders WHERE key = ? AND is_placed = 0 AND refusal = '' AND attempts = 1",
                   refused.key) == 0) {
      return;
    }
    tasks_.withdraw(tx, kSettle, refused.key);
  });
}

bool Orders::give_up(const OrderRow& order) {
  return sql_.transaction([&](SqlTransaction& tx) {
    const auto removed = tx.execute(
        "DELETE FROM orders WHERE key = ? AND is_placed = 0 AND is_charged = 0 AND refusal = '' AND attempts = ? "
        "AND tried <= unixepoch() - ?",
        order.key, order.attempts, static_cast<std::int64_t>(terms_.give_up_after.count()));
    if (removed == 0) submit(tx, order.key);
    return removed > 0;
  });
}

void Orders::settle_later(std::string_view key) {
  sql_.transaction([&](SqlTransaction& tx) { submit(tx, key); });
}

KeptOrder Orders::refuse(const KeptOrder& kept, std::string_view why) {
  const auto& key = kept.order.key;
  return sql_.transaction([&](SqlTransaction& tx) {
    keep(tx, kept);  // where a version that does not look at is_charged has given it up
    const auto changed =
        tx.execute("UPDATE orders SET refusal = ? WHERE key = ? AND is_placed = 0 AND refusal = ''", why, key);
    if (changed > 0) submit(tx, key);
    return find(tx, key).value();
  });
}

void Orders::note_cancelled(std::string_view key) {
  sql_.transaction([&](SqlTransaction& tx) {
    const auto changed = tx.execute(
        "UPDATE orders SET is_cancelled = 1, cart = '', email = '', name = '', street = '', city = '', "
        "postal_code = '', country = '' WHERE key = ? AND refusal != ''",
        key);
    if (changed == 0) return;
    tx.execute("DELETE FROM order_line WHERE order_key = ?", key);
    tasks_.withdraw(tx, kSettle, key);
  });
}

KeptOrder Orders::finish(const KeptOrder& kept, std::string_view tracking, std::string_view transaction) {
  const auto& key = kept.order.key;
  return sql_.transaction([&](SqlTransaction& tx) {
    keep(tx, kept);  // likewise
    const auto changed = tx.execute(
        "UPDATE orders SET is_placed = 1, tracking = ?, transaction_id = ? WHERE key = ? AND is_placed = 0 "
        "AND refusal = ''",
        tracking, transaction, key);
    auto order = find(tx, key).value();
    if (changed == 0) return order;
    std::vector<OrderLine> lines;
    std::transform(order.lines.begin(), order.lines.end(), std::back_inserter(lines),
                   [&](const LineRow& line) { return to_line(order.order, line); });
    placed_.publish(tx, {order.order.key, order.order.cart, to_order(order.order, lines)});
    tasks_.withdraw(tx, kSettle, key);
    return order;
  });
}

}  // namespace boutique
