#include "events/delivery.hpp"

#include <atomic>
#include <chrono>
#include <string_view>

#include "base/strings.hpp"
#include "events/event_form.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"
#include "runtime/reach.hpp"
#include "runtime/scope.hpp"
#include "telemetry/log.hpp"

namespace mortise::events {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostReasonBytes = 300;

Clock::time_point deadline_of(const runtime::Generation& generation) {
  const auto limit = generation.containment().deadline();
  return limit.count() == 0 ? Clock::time_point::max() : Clock::now() + limit;
}

}  // namespace

Delivery deliver(const Subscriber& subscriber, const EventTitle& title, mortise_bytes request) {
  const auto& generation = *subscriber.cone->entry;
  const telemetry::LogScope log_scope(generation.name(), generation.number_text(), {});
  const std::atomic<runtime::Scope::Time> deadline{deadline_of(generation)};
  runtime::Scope scope(subscriber.cone, &deadline);
  mortise_bytes reply{nullptr, 0};
  Delivery delivery{.status = runtime::call_over(*subscriber.channel, kDeliver, request, reply)};
  if (delivery.status == MORTISE_OK) return delivery;
  const auto& failure = scope.table().failure;
  const auto why = failure.status == delivery.status ? runtime::to_view(failure.message) : std::string_view();
  delivery.reason = base::printable(why, kMostReasonBytes);
  delivery.has_begun = scope.has_begun();
  if (delivery.has_begun) log_failure(generation, title, delivery);
  return delivery;
}

void log_failure(const runtime::Generation& generation, const EventTitle& title, const Delivery& failed) {
  const telemetry::LogScope log_scope(generation.name(), generation.number_text(), {});
  const auto verdict = generation.containment().log_limit().admit(Clock::now());
  if (!verdict.is_admitted) return;
  telemetry::log(telemetry::Level::warning, "events", "a subscriber failed",
                 {{"topic", title.topic},
                  {"publisher", title.publisher},
                  {"id", title.id},
                  {"status", base::to_string(runtime::to_code(failed.status))},
                  {"reason", failed.reason}});
}

}  // namespace mortise::events
