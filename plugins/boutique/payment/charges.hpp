// What was charged, and what was cancelled: the statements on the plugin's database. Its schema is in migrations/. One
// row is one charge, and an order has one, which counts unless the order has a cancellation.
#pragma once

#include <boutique/money.hpp>
#include <functional>
#include <mortise/sql.hpp>
#include <string>
#include <string_view>

#include "card_check.hpp"

namespace boutique {

/// Any thread. Throws mortise::Error when the database fails; nothing has changed then.
class Charges {
 public:
  explicit Charges(const mortise::Sql& sql) : sql_(sql) {}

  /// The transaction of an order, or an empty text: there is none that counts. Waits for charges that are just being
  /// made.
  std::string find(std::string_view order);
  /// The transaction of the order, which is charged unless it was. Throws `failed_precondition` for one that is
  /// cancelled. What `may_still` throws, just before it is, undoes it.
  std::string make(std::string_view order, const Money& amount, const CardSummary& card,
                   const std::function<void()>& may_still);
  /// Whatever was charged for it, or will be asked for, nothing is. False: so it was already.
  bool cancel(std::string_view order);

 private:
  mortise::Sql sql_;
};

}  // namespace boutique
