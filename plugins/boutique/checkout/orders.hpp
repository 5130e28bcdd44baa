// The orders, from the moment in which their prices stand. Each change of an order is one transaction of the plugin's
// database, together with what goes with it: so it does not matter who else changes it at that moment, on another
// thread, in another version or in another host, nor when one of them ends. Its schema is in migrations/.
//
//   from      to        when                                                      goes with it
//   (none)    begun     its prices stand, and nothing has been charged            the task `settle`, to look at it
//   begun     begun     somebody tries to charge a card for it once more          the task, put off; the address as it
//                                                                                 is given this time
//   begun     charged   payment has said so: what it is, and its address, stands  -
//   charged   charged   somebody tries once more                                  the task, put off
//   charged   placed    it is on its way                                          the event, and the end of the task
//   begun     (none)    the first card was refused, and nobody has tried since    the end of the task
//   begun     (none)    it has not been charged, nor tried for a long time        the end of the task
//   (none)    charged   it was given up while somebody was charging after all     the task
//   charged   refused   it cannot be sent                                         the task, to have it cancelled
//   refused   cancelled payment has cancelled its charge                          the end of the task; its key and why
//                                                                                 are all that stays
#pragma once

#include <boutique/order_placed.hpp>
#include <chrono>
#include <mortise/events.hpp>
#include <mortise/sql.hpp>
#include <mortise/tasks.hpp>
#include <optional>
#include <string_view>

#include "kept_order.hpp"

namespace boutique {

/// The handler of the durable task that looks after an order that was begun; its payload is the order's key.
inline constexpr std::string_view kSettle = "settle";

struct OrderTerms {
  std::chrono::seconds settle_after;   // the task's delay
  std::chrono::seconds give_up_after;  // since the last try; longer than any deadline of one
};

/// Any thread. Throws mortise::Error when the database fails; nothing has changed then.
class Orders {
 public:
  /// The tasks are the Context's, and outlive this.
  Orders(const mortise::Sql& sql, mortise::Tasks& tasks, const mortise::Publisher<OrderPlaced>& placed,
         const OrderTerms& terms)
      : sql_(sql), tasks_(tasks), placed_(placed), terms_(terms) {}

  std::optional<KeptOrder> find(std::string_view key);
  /// Notes one more try of the order with that key: of the one that there is, or else of this one. Returns it, with the
  /// number of the try in `attempts`; or the one that is placed, unchanged. Of one that is not known to be charged, who
  /// asks again has meant the e-mail and postal address that this one has.
  KeptOrder begin(const KeptOrder& order);
  /// Before it is sent: it goes to the address that it has in what this returns, which may be placed or refused
  /// already.
  KeptOrder note_charged(const KeptOrder& order);
  /// After the card of this try, as begin() has returned it, was refused. Whoever else may have tried may have been
  /// luckier: only where nobody has is the order forgotten.
  void forget(const OrderRow& refused);
  /// After payment has said that it has not charged this order, which find() has returned before it was asked: forgets
  /// it, if nobody can be at it any more, or has it looked at again. Returns whether it is forgotten.
  bool give_up(const OrderRow& order);
  /// Has it looked at again.
  void settle_later(std::string_view key);
  /// What was charged cannot be sent, and nobody shall place it any more; nothing if somebody has. Returns the order as
  /// it is, placed or refused.
  KeptOrder refuse(const KeptOrder& order, std::string_view why);
  /// After payment has cancelled the charge of an order that is refused.
  void note_cancelled(std::string_view key);
  /// What was charged and sent is placed; nothing if it is already, or is refused. Returns the order as it is.
  /// [in-scope]
  KeptOrder finish(const KeptOrder& order, std::string_view tracking, std::string_view transaction);

 private:
  static std::optional<KeptOrder> find(mortise::SqlTransaction& tx, std::string_view key);
  static bool keep(mortise::SqlTransaction& tx, const KeptOrder& order);
  static void correct(mortise::SqlTransaction& tx, const OrderRow& order);
  void submit(mortise::SqlTransaction& tx, std::string_view key);

  mortise::Sql sql_;
  mortise::Tasks& tasks_;
  mortise::Publisher<OrderPlaced> placed_;
  OrderTerms terms_;
};

}  // namespace boutique
