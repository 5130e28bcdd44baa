// One plugin's subscription to one topic: the events that it has not heard yet, in the order in which they were told,
// and who hears them. It outlasts the plugin's generations: what the former one has not heard the next one does.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "events/delivery.hpp"
#include "events/event_form.hpp"
#include "runtime/blocking_pool.hpp"

namespace mortise::events {

/// Since the subscription began, but for what waits.
struct SubscriptionCounts {
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;  // of those, what the subscriber did not return from well
  std::uint64_t lost = 0;    // for want of room, in another form, or since the subscriber went
  std::uint64_t waiting = 0;
};

/// Any thread, but for what says otherwise. One thread of the pool delivers at a time, and gives way to others now and
/// then.
class Subscription : public std::enable_shared_from_this<Subscription> {
 public:
  /// `pool` outlives it.
  Subscription(std::string plugin, std::string topic, runtime::BlockingPool& pool)
      : plugin_(std::move(plugin)), topic_(std::move(topic)), pool_(pool) {}

  [[nodiscard]] const std::string& plugin() const noexcept { return plugin_; }

  /// Has the subscriber hear it when it has heard those before; counts it as lost where that cannot be.
  void push(const Event& event, std::uint64_t form) noexcept;
  /// Whom to tell from now on. Nobody: what waits is lost, and whatever comes. [release thread]
  void bind(Subscriber subscriber);
  /// Goes on without a handler that has not returned from that generation. [release thread]
  void abandon(const runtime::Generation& generation);
  /// Nothing more is delivered; what waits is lost.
  void close();
  [[nodiscard]] SubscriptionCounts counts() const;

 private:
  using Bytes = std::vector<std::uint8_t>;
  /// What is to be delivered next, and where.
  struct Next {
    std::shared_ptr<const Bytes> batch;
    mortise_bytes request{};
    Subscriber subscriber;
  };

  bool add(const Event& event, std::uint64_t form);  // under mutex_
  void begin(std::uint64_t turn);                    // under mutex_
  void deliver_some(std::uint64_t turn);
  bool take_next(std::uint64_t turn, Next& next);
  void deliver(const Next& next);
  void lose_waiting();                  // under mutex_
  void note_lost(std::uint64_t count);  // under mutex_

  const std::string plugin_;
  const std::string topic_;
  runtime::BlockingPool& pool_;
  // Plain counts: relaxed.
  std::atomic<std::uint64_t> delivered_{0};
  std::atomic<std::uint64_t> failed_{0};

  mutable std::mutex mutex_;
  // Guarded by mutex_:
  Bytes waiting_;  // each event behind its head
  std::uint64_t waiting_count_ = 0;
  std::shared_ptr<const Bytes> batch_;  // that is being delivered; the same form
  std::size_t batch_at_ = 0;
  std::uint64_t batch_left_ = 0;                      // events
  std::uint64_t turn_ = 0;                            // of whoever delivers; another one has been abandoned
  bool is_delivering_ = false;                        // or is about to
  const runtime::Generation* delivers_to_ = nullptr;  // whose handler runs
  bool is_closed_ = false;
  bool is_losing_ = false;  // and has said so
  std::uint64_t lost_ = 0;
  Subscriber subscriber_;
};

}  // namespace mortise::events
