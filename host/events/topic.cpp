#include "events/topic.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace mortise::events {

void Topic::publish(std::string_view publisher, std::string_view key, mortise_bytes bytes, std::uint64_t form) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  Event event{.id_high = id_high_,
              .published_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
              .publisher = publisher,
              .key = key,
              .bytes = bytes};
  // Held to the end, so that all subscribers hear the events of one key in the same order.
  const std::lock_guard lock(mutex_);
  event.id_low = ++last_id_;
  for (const auto& subscription : subscriptions_) subscription->push(event, form);
}

void Topic::abandon(const runtime::Generation& generation) {
  const std::lock_guard lock(mutex_);
  for (const auto& subscription : subscriptions_) subscription->abandon(generation);
}

void Topic::close() {
  const std::lock_guard lock(mutex_);
  for (const auto& subscription : subscriptions_) subscription->close();
}

void Topic::bind(const std::string& plugin, Subscriber subscriber) {
  std::shared_ptr<Subscription> bound;
  const bool is_gone = subscriber.cone == nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(subscriptions_.begin(), subscriptions_.end(),
                                    [&](const auto& one) { return one->plugin() == plugin; });
    if (found != subscriptions_.end()) {
      bound = *found;
      if (is_gone) subscriptions_.erase(found);
    } else if (!is_gone) {
      bound = subscriptions_.emplace_back(std::make_shared<Subscription>(plugin, id_, pool_));
    }
  }
  if (bound) bound->bind(std::move(subscriber));
}

std::vector<std::shared_ptr<const Subscription>> Topic::subscriptions() const {
  const std::lock_guard lock(mutex_);
  return {subscriptions_.begin(), subscriptions_.end()};
}

}  // namespace mortise::events
