// One plugin's subscription to one topic: the events that it has not heard yet, in the order in which they were told,
// and who hears them. It outlasts the plugin's generations: what the former one has not heard the next one does.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <mortise/abi/contracts.h>

#include "events/event_form.hpp"
#include "runtime/blocking_pool.hpp"
#include "runtime/release.hpp"

namespace mortise::events {

/// Where the subscriber is to be found: in the newest release.
struct Subscriber {
  runtime::ConePtr cone{};  // null: it does not run
  const mortise_channel_v1* channel = nullptr;
};

/// Since the subscription began, but for what waits.
struct SubscriptionCounts {
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;  // of those, what the subscriber did not return from well
  std::uint64_t lost = 0;    // for want of room, or since the subscriber went
  std::uint64_t waiting = 0;
};

/// Any thread, but for bind(). At most one thread of the pool delivers at a time.
class Subscription : public std::enable_shared_from_this<Subscription> {
 public:
  /// `pool` outlives it.
  Subscription(std::string plugin, std::string topic, runtime::BlockingPool& pool)
      : plugin_(std::move(plugin)), topic_(std::move(topic)), pool_(pool) {}

  [[nodiscard]] const std::string& plugin() const noexcept { return plugin_; }

  /// Has the subscriber hear it when it has heard those before; counts it as lost where there is no room for it.
  void push(const Event& event);
  /// Whom to tell from now on. Nobody: what waits is lost, and whatever comes. [release thread]
  void bind(Subscriber subscriber);
  [[nodiscard]] SubscriptionCounts counts() const;

 private:
  using Bytes = std::vector<std::uint8_t>;

  void deliver_waiting();
  void deliver(const Bytes& events);
  void deliver_one(const Subscriber& subscriber, mortise_bytes request);
  [[nodiscard]] Subscriber subscriber() const;

  const std::string plugin_;
  const std::string topic_;
  runtime::BlockingPool& pool_;
  // Which binding it is; who has seen a former one finishes its event: relaxed.
  std::atomic<std::uint64_t> binding_{0};
  // Plain counts: relaxed.
  std::atomic<std::uint64_t> delivered_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::uint64_t> in_delivery_{0};  // of those that a thread has taken, not delivered yet

  mutable std::mutex mutex_;
  // Guarded by mutex_:
  Bytes waiting_;  // each event behind its size
  std::uint64_t waiting_count_ = 0;
  bool is_delivering_ = false;  // or is about to
  Subscriber subscriber_;
};

}  // namespace mortise::events
