// A topic: whom the events that are published on it go to.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "events/event_form.hpp"
#include "events/subscription.hpp"
#include "runtime/blocking_pool.hpp"

namespace mortise::events {

/// Kept from the first time that anybody names it to the host's end. Any thread, but for bind().
class Topic {
 public:
  /// `pool` outlives it. `id_high` is of all its events, and of no other topic's.
  Topic(std::string id, std::uint64_t id_high, runtime::BlockingPool& pool)
      : id_(std::move(id)), id_high_(id_high), pool_(pool) {}

  [[nodiscard]] const std::string& id() const noexcept { return id_; }

  /// To all subscribers that have the form, of what was checked. Events of one thread come to each in their order.
  void publish(std::string_view publisher, std::string_view key, mortise_bytes bytes, std::uint64_t form);

  /// No handler that has not returned from that generation is waited for any more. [release thread]
  void abandon(const runtime::Generation& generation);
  /// Nothing is delivered any more.
  void close();
  /// Who is told in that plugin's name from now on. Nobody: it subscribes no more. [release thread]
  void bind(const std::string& plugin, Subscriber subscriber);

  [[nodiscard]] std::vector<std::shared_ptr<const Subscription>> subscriptions() const;

 private:
  const std::string id_;
  const std::uint64_t id_high_;
  runtime::BlockingPool& pool_;
  mutable std::mutex mutex_;  // before those of subscriptions
  // Guarded by mutex_:
  std::vector<std::shared_ptr<Subscription>> subscriptions_;
  std::uint64_t last_id_ = 0;
};

}  // namespace mortise::events
