// What an admin asks about events, of those who have them.
#pragma once

#include <string>
#include <vector>

#include "admin/events_control.hpp"
#include "events/events.hpp"

namespace mortise {

/// Any thread; `events` outlives it.
class EventsControl final : public admin::EventsControl {
 public:
  explicit EventsControl(events::Events& events) : events_(events) {}

  base::Result<std::vector<admin::SubscriptionStatus>> subscriptions(const std::string& plugin) override;
  base::Result<admin::DeadEvents> dead(const std::string& subscriber) override;
  base::Result<std::uint64_t> replay(const std::string& subscriber, const std::string& publisher, std::int64_t number,
                                     const std::string& who) override;
  base::Result<std::uint64_t> discard(const std::string& subscriber, const std::string& publisher, std::int64_t number,
                                      const std::string& who) override;

 private:
  events::Events& events_;
};

}  // namespace mortise
