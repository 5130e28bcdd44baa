#include "isolation/remote_events.hpp"

#include <mortise/abi/events.h>

#include <string>

#include "events/event_form.hpp"
#include "events/outbox_rows.hpp"
#include "isolation/event_payload.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"

namespace mortise::isolation {
namespace {

using base::Error;
using base::ErrorCode;
using runtime::guarded;
using runtime::to_abi;
using runtime::to_view;

RemoteEvents::Topic& from(mortise_event_topic* topic) { return *reinterpret_cast<RemoteEvents::Topic*>(topic); }

mortise_status open(mortise_host* host, mortise_str topic, mortise_str methods, mortise_event_topic** opened,
                    mortise_error* error) {
  const auto& generation = runtime::Generation::from(host);
  auto* const events = dynamic_cast<RemoteEvents*>(generation.service_of(MORTISE_EVENTS_V1));
  if (events == nullptr || opened == nullptr) return MORTISE_INVALID_ARGUMENT;
  if (generation.state() != runtime::GenerationState::initialising) return MORTISE_FAILED_PRECONDITION;
  return guarded(error, [&] {
    const bool is_durable = generation.spec().manifest->is_durable(to_view(topic));
    const auto found = events->open(to_view(topic), to_view(methods), is_durable);
    if (!found) return to_abi(found.error(), error);
    *opened = reinterpret_cast<mortise_event_topic*>(*found);
    return mortise_status{MORTISE_OK};
  });
}

mortise_status publish(mortise_event_topic* topic, mortise_sql_transaction* transaction, mortise_str key,
                       mortise_bytes event, mortise_error* error) {
  if (topic == nullptr) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    const auto published = from(topic).events.publish(from(topic), transaction, to_view(key), event);
    return published ? mortise_status{MORTISE_OK} : to_abi(published.error(), error);
  });
}

constexpr mortise_events_v1 kEventsTable{
    .struct_size = sizeof(mortise_events_v1), .reserved = 0, .open = &open, .publish = &publish};

}  // namespace

const void* RemoteEvents::interface(std::string_view id) const noexcept {
  return id == MORTISE_EVENTS_V1 ? &kEventsTable : nullptr;
}

base::Result<RemoteEvents::Topic*> RemoteEvents::open(std::string_view topic, std::string_view methods,
                                                      bool is_durable) {
  // The host counts those that it refuses as well.
  auto& opened = topics_.emplace_back(Topic{.events = *this,
                                            .number = topics_.size(),
                                            .form = events::form_of(methods),
                                            .durable = is_durable ? std::string(topic) : std::string()});
  auto known = link_.ask({{"what", "topic"}, {"topic", topic}, {"methods", methods}});
  if (!known) return known.error();
  return &opened;
}

base::Result<void> RemoteEvents::publish(const Topic& topic, mortise_sql_transaction* transaction, std::string_view key,
                                         mortise_bytes bytes) {
  if (auto sound = events::check(key, bytes); !sound) return sound;
  if (!topic.durable.empty()) {
    const auto parameters =
        events::to_parameters({.topic = topic.durable, .form = topic.form, .key = key, .bytes = bytes});
    const auto written = sql_.run_in(transaction, events::kInsertEvent, parameters);
    return written ? base::Result<void>() : base::Result<void>(written.error());
  }
  if (transaction != nullptr) return Error{ErrorCode::failed_precondition, std::string(events::kNotDurable)};
  const auto payload = to_payload(key, bytes);
  Completion completion;
  completion.kind = Completion::Kind::publish;
  completion.argument = topic.number;
  if (link_.complete_with(completion, payload.data(), payload.size())) return {};
  return Error{ErrorCode::resource_exhausted, "the memory that host and worker share has no room for the event"};
}

}  // namespace mortise::isolation
