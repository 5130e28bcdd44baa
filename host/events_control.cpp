#include "events_control.hpp"

#include <optional>

#include "telemetry/log.hpp"

namespace mortise {

base::Result<std::vector<admin::SubscriptionStatus>> EventsControl::subscriptions(const std::string& plugin) {
  std::vector<admin::SubscriptionStatus> all;
  for (const auto& one : events_.report(plugin)) {
    all.push_back({.topic = one.topic,
                   .publisher = one.publisher,
                   .delivered = one.counts.delivered,
                   .failed = one.counts.failed,
                   .lost = one.counts.lost,
                   .waiting = one.counts.waiting,
                   .retrying = one.retrying,
                   .dead = one.dead});
  }
  return all;
}

base::Result<admin::DeadEvents> EventsControl::dead(const std::string& subscriber) {
  const auto found = events_.outboxes().dead(subscriber);
  if (!found) return found.error();
  if (!subscriber.empty() && !found->is_known) {
    return base::Error{base::ErrorCode::not_found,
                       "plugin '" + subscriber +
                           "' is unknown, or has not subscribed to durable events of any plugin that runs; `mortise "
                           "status` shows the plugins"};
  }
  admin::DeadEvents all;
  for (const auto& one : found->letters) {
    all.events.push_back({.subscriber = one.subscriber,
                          .publisher = one.publisher,
                          .topic = one.topic,
                          .key = one.key,
                          .number = one.id,
                          .attempts = one.attempts,
                          .tried_ms = one.tried_ms,
                          .error = one.error});
  }
  for (const auto& one : found->left_out) {
    all.left_out.push_back({.subscriber = one.subscriber, .publisher = one.publisher, .count = one.count});
  }
  return all;
}

base::Result<std::uint64_t> EventsControl::replay(const std::string& subscriber, const std::string& publisher,
                                                  std::int64_t number, const std::string& who) {
  const auto id = publisher.empty() ? std::nullopt : std::optional(number);
  auto replayed = events_.outboxes().replay(subscriber, publisher, id);
  if (replayed) {
    telemetry::log(telemetry::Level::info, "events", "dead events replayed",
                   {{"plugin", subscriber}, {"count", std::to_string(*replayed)}, {"who", who}});
  }
  return replayed;
}

base::Result<std::uint64_t> EventsControl::discard(const std::string& subscriber, const std::string& publisher,
                                                   std::int64_t number, const std::string& who) {
  const auto id = publisher.empty() ? std::nullopt : std::optional(number);
  auto discarded = events_.outboxes().discard(subscriber, publisher, id);
  if (discarded && *discarded > 0) {
    telemetry::log(telemetry::Level::info, "events", "events discarded",
                   {{"plugin", subscriber},
                    {"id", id ? publisher + ":" + std::to_string(number) : "all that were dead"},
                    {"count", std::to_string(*discarded)},
                    {"who", who}});
  }
  return discarded;
}

}  // namespace mortise
