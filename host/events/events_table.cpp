#include "events/events_table.hpp"

#include "events/events.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"
#include "sql/sql_table.hpp"

namespace mortise::events {
namespace {

using runtime::guarded;
using runtime::to_abi;
using runtime::to_view;

Publisher& from(mortise_event_topic* topic) { return *reinterpret_cast<Publisher*>(topic); }

mortise_status open(mortise_host* host, mortise_str topic, mortise_str methods, mortise_event_topic** opened,
                    mortise_error* error) {
  const auto& generation = runtime::Generation::from(host);
  auto* const events = dynamic_cast<Events*>(generation.service_of(MORTISE_EVENTS_V1));
  if (events == nullptr || opened == nullptr) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    const auto found = events->open(generation, to_view(topic), to_view(methods));
    if (!found) return to_abi(found.error(), error);
    *opened = reinterpret_cast<mortise_event_topic*>(*found);
    return mortise_status{MORTISE_OK};
  });
}

mortise_status publish(mortise_event_topic* topic, mortise_sql_transaction* transaction, mortise_str key,
                       mortise_bytes event, mortise_error* error) {
  if (topic == nullptr) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    const auto published = from(topic).publish(to_view(key), event, sql::from_abi(transaction));
    return published ? mortise_status{MORTISE_OK} : to_abi(published.error(), error);
  });
}

}  // namespace

const mortise_events_v1& events_table() noexcept {
  static constexpr mortise_events_v1 kTable{
      .struct_size = sizeof(mortise_events_v1), .reserved = 0, .open = &open, .publish = &publish};
  return kTable;
}

}  // namespace mortise::events
