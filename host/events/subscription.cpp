#include "events/subscription.hpp"

#include <chrono>
#include <cstring>
#include <utility>

#include "base/strings.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"
#include "runtime/reach.hpp"
#include "runtime/scope.hpp"
#include "telemetry/log.hpp"

namespace mortise::events {
namespace {

using Clock = std::chrono::steady_clock;
using Size = std::uint32_t;  // that stands before an event

// What may wait for one subscriber: some hundred thousand small events.
constexpr std::size_t kMostWaitingBytes = std::size_t{16} << 20U;
// Kept for the next events when none waits.
constexpr std::size_t kMostKeptBytes = std::size_t{256} << 10U;
constexpr std::size_t kMostReasonBytes = 300;

Clock::time_point deadline_of(const runtime::Generation& generation) {
  const auto limit = generation.containment().deadline();
  return limit.count() == 0 ? Clock::time_point::max() : Clock::now() + limit;
}

/// As many lines as the plugin itself may write.
void log_failure(const runtime::Generation& generation, const std::string& topic, mortise_status status,
                 const mortise_failure& failure) {
  const auto verdict = generation.containment().log_limit().admit(Clock::now());
  if (!verdict.is_admitted) return;
  const auto why = failure.status == status ? runtime::to_view(failure.message) : std::string_view();
  telemetry::log(telemetry::Level::warning, "events", "a subscriber failed",
                 {{"topic", topic},
                  {"status", base::to_string(runtime::to_code(status))},
                  {"reason", base::printable(why, kMostReasonBytes)}});
}

}  // namespace

void Subscription::push(const Event& event) {
  const auto size = request_size(event);
  bool is_to_begin = false;
  {
    const std::lock_guard lock(mutex_);
    const auto before = waiting_.size();
    if (subscriber_.cone == nullptr || before + sizeof(Size) + size > kMostWaitingBytes) {
      lost_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    waiting_.resize(before + sizeof(Size) + size);
    const auto told = static_cast<Size>(size);
    std::memcpy(waiting_.data() + before, &told, sizeof told);
    write_request(event, waiting_.data() + before + sizeof told);
    ++waiting_count_;
    is_to_begin = !std::exchange(is_delivering_, true);
  }
  if (!is_to_begin) return;
  const bool is_posted =
      pool_.post(plugin_, pool_.share_of(0), [self = shared_from_this()] { self->deliver_waiting(); });
  if (is_posted) return;
  const std::lock_guard lock(mutex_);  // the host ends
  is_delivering_ = false;
}

void Subscription::bind(Subscriber subscriber) {
  Subscriber former;
  Bytes dropped;
  const std::lock_guard lock(mutex_);
  former = std::exchange(subscriber_, std::move(subscriber));
  binding_.fetch_add(1, std::memory_order_relaxed);
  if (subscriber_.cone != nullptr) return;
  dropped = std::exchange(waiting_, {});
  lost_.fetch_add(std::exchange(waiting_count_, 0), std::memory_order_relaxed);
}

SubscriptionCounts Subscription::counts() const {
  SubscriptionCounts counts{.delivered = delivered_.load(std::memory_order_relaxed),
                            .failed = failed_.load(std::memory_order_relaxed),
                            .lost = lost_.load(std::memory_order_relaxed),
                            .waiting = in_delivery_.load(std::memory_order_relaxed)};
  const std::lock_guard lock(mutex_);
  counts.waiting += waiting_count_;
  return counts;
}

Subscriber Subscription::subscriber() const {
  const std::lock_guard lock(mutex_);
  return subscriber_;
}

/// On a thread of the pool, until nothing waits.
void Subscription::deliver_waiting() {
  Bytes events;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) {
        is_delivering_ = false;
        if (waiting_.capacity() < events.capacity()) std::swap(waiting_, events);  // for the next ones
        return;
      }
      std::swap(waiting_, events);
      in_delivery_.store(std::exchange(waiting_count_, 0), std::memory_order_relaxed);
    }
    deliver(events);
    events.clear();
    if (events.capacity() > kMostKeptBytes) events = {};
  }
}

void Subscription::deliver(const Bytes& events) {
  std::uint64_t binding = binding_.load(std::memory_order_relaxed);
  auto to = subscriber();
  for (std::size_t at = 0; at < events.size();) {
    Size size = 0;
    std::memcpy(&size, events.data() + at, sizeof size);
    at += sizeof size;
    if (const auto newest = binding_.load(std::memory_order_relaxed); newest != binding) {
      binding = newest;
      to = subscriber();
    }
    if (to.cone == nullptr) {
      lost_.fetch_add(1, std::memory_order_relaxed);
    } else {
      deliver_one(to, {events.data() + at, size});
    }
    in_delivery_.fetch_sub(1, std::memory_order_relaxed);
    at += size;
  }
}

void Subscription::deliver_one(const Subscriber& subscriber, mortise_bytes request) {
  const auto& generation = *subscriber.cone->entry;
  const telemetry::LogScope log_scope(generation.name(), generation.number_text(), {});
  const std::atomic<runtime::Scope::Time> deadline{deadline_of(generation)};
  runtime::Scope scope(subscriber.cone, &deadline);
  mortise_bytes reply{nullptr, 0};
  const auto status = runtime::call_over(*subscriber.channel, kDeliver, request, reply);
  if (status != MORTISE_OK) {
    log_failure(generation, topic_, status, scope.table().failure);
    failed_.fetch_add(1, std::memory_order_relaxed);
  }
  delivered_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace mortise::events
