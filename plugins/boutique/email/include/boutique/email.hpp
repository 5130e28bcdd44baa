// boutique.email/1: what was written to customers. Published by the team of `boutique-email`, which writes by itself
// when it hears of an order.
#pragma once

#include <mortise/contract.hpp>

#include <string_view>

namespace boutique {

struct Message {
  mortise::Str to;
  mortise::Str subject;
  mortise::Str text;  // plain text
};

struct Email {
  /// The confirmation of an order. Throws `not_found` as long as none has been written.
  mortise::Method<Message(std::string_view order)> confirmation;
};
MORTISE_CONTRACT(Email, "boutique.email", 1, confirmation)
MORTISE_IDEMPOTENT(Email, confirmation)

}  // namespace boutique
