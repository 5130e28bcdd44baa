#include "charges.hpp"

#include <mortise/error.hpp>

#include <cstdint>

namespace boutique {
namespace {

bool is_cancelled(mortise::SqlTransaction& tx, std::string_view order) {
  return tx.select_one<std::int64_t>("SELECT 1 FROM cancellation WHERE order_key = ?", order).has_value();
}

std::string transaction_of(mortise::SqlTransaction& tx, std::string_view order) {
  if (is_cancelled(tx, order)) return "";
  return tx.select_one<std::string>("SELECT transaction_id FROM charge WHERE order_key = ?", order).value_or("");
}

}  // namespace

std::string Charges::find(std::string_view order) {
  return sql_.transaction([&](mortise::SqlTransaction& tx) { return transaction_of(tx, order); });
}

std::string Charges::make(std::string_view order, const Money& amount, const CardSummary& card,
                          const std::function<void()>& may_still) {
  return sql_.transaction([&](mortise::SqlTransaction& tx) {
    if (is_cancelled(tx, order)) {
      throw mortise::Error(mortise::Status::failed_precondition, "the order was cancelled; nothing is charged for it");
    }
    tx.execute(
        "INSERT INTO charge (order_key, currency, units, nanos, brand, last_four) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (order_key) DO NOTHING",
        order, amount.currency.view(), amount.units, amount.nanos, card.brand, card.last_four);
    may_still();
    return transaction_of(tx, order);
  });
}

bool Charges::cancel(std::string_view order) {
  return sql_.transaction([&](mortise::SqlTransaction& tx) {
    return tx.execute("INSERT INTO cancellation (order_key) VALUES (?) ON CONFLICT (order_key) DO NOTHING", order) > 0;
  });
}

}  // namespace boutique
