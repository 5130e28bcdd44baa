// One event on its way into a subscriber, on a thread of the host's.
#pragma once

#include <mortise/abi/contracts.h>

#include <cstdint>
#include <string>

#include "runtime/release.hpp"

namespace mortise::events {

/// Where a subscriber is to be found: in the newest release.
struct Subscriber {
  runtime::ConePtr cone{};  // null: it does not run
  const mortise_channel_v1* channel = nullptr;
  std::uint64_t form = 0;  // form_of() the events that it was built for
};

/// What came of a delivery.
struct Delivery {
  mortise_status status = MORTISE_OK;
  bool has_begun = true;  // false: the subscriber has seen nothing of it, as its process was away
  std::string reason{};   // of a failure, as its subscriber has said it
};

/// As the log calls it.
struct EventTitle {
  const std::string& topic;
  std::string publisher{};  // of a durable one
  std::string id{};         // likewise
};

/// Waits for the subscriber's handler, in a scope of its own. `request` is what write_request() has written. What fails
/// that has begun is logged.
Delivery deliver(const Subscriber& subscriber, const EventTitle& title, mortise_bytes request);

/// As many lines as the plugin itself may write.
void log_failure(const runtime::Generation& generation, const EventTitle& title, const Delivery& failed);

}  // namespace mortise::events
