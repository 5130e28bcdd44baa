// Writes to customers when their order was placed, each once: the message is written down in the transaction that notes
// the event as heard. There is no mail server behind it: other plugins read what was written.
#include <boutique/email.hpp>
#include <boutique/order_placed.hpp>
#include <mortise/mortise.hpp>

#include "confirmation.hpp"

namespace boutique {

class EmailService : public mortise::Plugin {
 public:
  explicit EmailService(mortise::Context& ctx) : sql_(ctx.sql()) {
    ctx.provide<Email>(*this);
    ctx.subscribe<OrderPlaced>([](mortise::SqlTransaction& tx, const OrderPlaced& event) {
      const auto mail = confirm(event.order);
      tx.execute("INSERT INTO message (order_key, recipient, subject, text) VALUES (?, ?, ?, ?)", event.key.view(),
                 mail.to, mail.subject, mail.text);
    });
  }

  // Called from many threads at once.
  Message confirmation(std::string_view order) {
    const auto mail =
        sql_.select_one<Confirmation>("SELECT recipient, subject, text FROM message WHERE order_key = ?", order);
    if (!mail) throw mortise::Error(mortise::Status::not_found, "no confirmation of that order has been written");
    return {mortise::copy(mail->to), mortise::copy(mail->subject), mortise::copy(mail->text)};
  }

 private:
  mortise::Sql sql_;
};

}  // namespace boutique

MORTISE_PLUGIN(boutique::EmailService)
