#include "runtime/bulkhead.hpp"

#include <algorithm>
#include <utility>

namespace mortise::runtime {

std::vector<Bulkhead::Waiter> Bulkhead::set(std::uint32_t concurrency, std::uint32_t queue) {
  concurrency_ = concurrency;
  max_waiting_ = queue;
  std::vector<Waiter> let_in_now;
  while (auto waiter = let_in()) let_in_now.push_back(std::move(*waiter));
  return let_in_now;
}

Bulkhead::Entry Bulkhead::enter(std::uint64_t& ticket, const std::function<Waiter()>& make_waiter) {
  if (inside_ < concurrency_ && queue_.empty()) {
    ++inside_;
    return Entry::inside;
  }
  if (queue_.size() >= max_waiting_) return Entry::full;
  ticket = ++last_ticket_;
  queue_.push_back({.ticket = ticket, .waiter = make_waiter()});
  return Entry::waiting;
}

std::optional<Bulkhead::Waiter> Bulkhead::leave() {
  --inside_;
  return let_in();
}

/// The one who has waited longest, if there is a place.
std::optional<Bulkhead::Waiter> Bulkhead::let_in() {
  if (queue_.empty() || (is_limited() && inside_ >= concurrency_)) return std::nullopt;
  ++inside_;
  auto waiter = std::move(queue_.front().waiter);
  queue_.pop_front();
  return waiter;
}

bool Bulkhead::withdraw(std::uint64_t ticket) {
  const auto is_it = [ticket](const Place& place) { return place.ticket == ticket; };
  const auto found = std::find_if(queue_.begin(), queue_.end(), is_it);
  if (found == queue_.end()) return false;
  queue_.erase(found);
  return true;
}

}  // namespace mortise::runtime
