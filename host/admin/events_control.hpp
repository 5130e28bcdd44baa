// What an admin can ask about events. The application implements it; the control API is its voice.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace mortise::admin {

/// What a plugin hears of one topic; counts are since the host's start, but for those of what is on the disk.
struct SubscriptionStatus {
  std::string topic;
  std::string publisher;  // of durable events; empty: of others
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;
  std::uint64_t lost = 0;
  std::uint64_t waiting = 0;
  std::uint64_t retrying = 0;
  std::uint64_t dead = 0;
};

/// A durable event that its subscriber has failed with too often.
struct DeadEvent {
  std::string subscriber;
  std::string publisher;
  std::string topic;
  std::string key;
  std::int64_t number = 0;  // among those of its publisher
  std::uint32_t attempts = 0;
  std::int64_t tried_ms = 0;  // the last time, since 1970
  std::string error;
};

/// The eldest of each subscriber.
struct DeadEvents {
  std::vector<DeadEvent> events{};
  struct LeftOut {
    std::string subscriber;
    std::string publisher;
    std::uint64_t count = 0;
  };
  std::vector<LeftOut> left_out{};
};

/// Any thread; waits for the disk. Of plugins that run and publish.
class EventsControl {
 public:
  virtual ~EventsControl() = default;
  EventsControl() = default;
  EventsControl(const EventsControl&) = delete;
  EventsControl& operator=(const EventsControl&) = delete;

  virtual base::Result<std::vector<SubscriptionStatus>> subscriptions(const std::string& plugin) = 0;
  /// Of one subscriber, not_found where it is none; empty: of all.
  virtual base::Result<DeadEvents> dead(const std::string& subscriber) = 0;
  /// Has that one delivered again, or all of the subscriber's where the publisher is empty; returns how many those are.
  /// `who` is for the log.
  virtual base::Result<std::uint64_t> replay(const std::string& subscriber, const std::string& publisher,
                                             std::int64_t number, const std::string& who) = 0;
  /// Likewise, has it not delivered to that subscriber any more: one that is dead, fails or is in its turn, or all that
  /// are dead.
  virtual base::Result<std::uint64_t> discard(const std::string& subscriber, const std::string& publisher,
                                              std::int64_t number, const std::string& who) = 0;
};

}  // namespace mortise::admin
