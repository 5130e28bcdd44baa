// The functions of mortise.events/1 in the process that has the topics.
#pragma once

#include <mortise/abi/events.h>

namespace mortise::events {

const mortise_events_v1& events_table() noexcept;

}  // namespace mortise::events
