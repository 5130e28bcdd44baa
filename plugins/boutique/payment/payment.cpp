// Charges cards, for other plugins. There is no bank behind it: a charge is a row.
//
// Whoever asks for the transaction of an order once the deadline of every charge() for it has passed has the last word:
// no charge is made for a caller that waits no longer, and transaction() waits for those that are being made. Whoever
// cancels has it at once.
#include <boutique/payment.hpp>
#include <chrono>
#include <mortise/mortise.hpp>

#include "card_check.hpp"
#include "charges.hpp"

namespace boutique {
namespace {

using mortise::Error;
using mortise::Status;

void check_order(std::string_view order) {
  constexpr std::size_t kMost = 128;
  if (order.empty() || order.size() > kMost) {
    throw Error(Status::invalid_argument, "an order to charge for has a key of 1 to 128 bytes");
  }
}

void check_amount(const Money& amount) {
  constexpr std::size_t kCodeLetters = 3;
  if (to_nanos(amount) <= 0) throw Error(Status::invalid_argument, "there is nothing to charge");
  if (amount.currency.size() != kCodeLetters) throw Error(Status::invalid_argument, "a currency has three letters");
}

void check_somebody_waits() {
  if (mortise::time_left() == std::chrono::milliseconds(0)) {
    throw Error(Status::deadline_exceeded, "nobody waits for the charge any longer; nothing was charged");
  }
}

}  // namespace

class PaymentService : public mortise::Plugin {
 public:
  explicit PaymentService(mortise::Context& ctx) : charges_(ctx.sql()), log_(ctx.log()) { ctx.provide<Payment>(*this); }

  // Called from many threads at once.
  std::string charge(std::string_view order, const Money& amount, const Card& card) {
    check_order(order);
    check_amount(amount);
    // Before the card is looked at: who asks again may have got it wrong this time.
    if (auto made = charges_.find(order); !made.empty()) return made;
    const auto summary = check_card(card, std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
    auto transaction = charges_.make(order, amount, summary, &check_somebody_waits);
    log_.info(
        "charged",
        {{"order", order}, {"transaction", transaction}, {"brand", summary.brand}, {"last_four", summary.last_four}});
    return transaction;
  }

  std::string transaction(std::string_view order) {
    check_order(order);
    return charges_.find(order);
  }

  void cancel(std::string_view order) {
    check_order(order);
    if (charges_.cancel(order)) log_.info("cancelled", {{"order", order}});
  }

 private:
  Charges charges_;
  mortise::Log log_;
};

}  // namespace boutique

MORTISE_PLUGIN(boutique::PaymentService)
