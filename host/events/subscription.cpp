#include "events/subscription.hpp"

#include <chrono>
#include <cstring>
#include <exception>
#include <utility>

#include "runtime/generation.hpp"
#include "telemetry/log.hpp"

namespace mortise::events {
namespace {

using Clock = std::chrono::steady_clock;

/// What stands before an event.
struct Head {
  std::uint64_t size = 0;
  std::uint64_t form = 0;
};

// What may wait for one subscriber, and be on its way to it, each: some hundred thousand small events.
constexpr std::size_t kMostWaitingBytes = std::size_t{16} << 20U;
// How long one delivers before others who wait for a thread come first.
constexpr std::chrono::milliseconds kTurn{5};

}  // namespace

void Subscription::push(const Event& event, std::uint64_t form) noexcept {
  const std::lock_guard lock(mutex_);
  try {
    if (!add(event, form)) return note_lost(1);
    if (!is_delivering_) begin(turn_);
  } catch (const std::exception&) {  // of a full memory, or for want of a thread: the next event tries again
    is_delivering_ = false;
  }
}

/// False: there is no room for it, or nobody to hear it.
bool Subscription::add(const Event& event, std::uint64_t form) {
  const auto before = waiting_.size();
  const Head head{.size = request_size(event), .form = form};
  const auto size = before + sizeof head + head.size;
  if (is_closed_ || subscriber_.cone == nullptr || subscriber_.form != form || size > kMostWaitingBytes) return false;
  waiting_.resize(size);
  std::memcpy(waiting_.data() + before, &head, sizeof head);
  write_request(event, waiting_.data() + before + sizeof head);
  ++waiting_count_;
  return true;
}

void Subscription::begin(std::uint64_t turn) {
  is_delivering_ = true;
  const auto threads = subscriber_.cone == nullptr ? 0 : subscriber_.cone->entry->containment().threads();
  const bool is_posted =
      pool_.post(plugin_, pool_.share_of(threads), [self = shared_from_this(), turn] { self->deliver_some(turn); });
  if (!is_posted) is_delivering_ = false;  // the host ends
}

void Subscription::bind(Subscriber subscriber) {
  Subscriber former;
  const std::lock_guard lock(mutex_);
  former = std::exchange(subscriber_, std::move(subscriber));
  if (subscriber_.cone == nullptr || subscriber_.form != former.form) lose_waiting();
}

void Subscription::abandon(const runtime::Generation& generation) {
  const std::lock_guard lock(mutex_);
  if (!is_delivering_ || delivers_to_ != &generation) return;
  delivers_to_ = nullptr;
  ++turn_;
  begin(turn_);
}

void Subscription::close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  lose_waiting();
}

void Subscription::lose_waiting() {
  const auto count = std::exchange(waiting_count_, 0) + std::exchange(batch_left_, 0);
  Bytes().swap(waiting_);
  batch_.reset();
  if (count > 0) note_lost(count);
}

/// Says so once, until the queue is empty again.
void Subscription::note_lost(std::uint64_t count) {
  lost_ += count;
  if (subscriber_.cone == nullptr || std::exchange(is_losing_, true)) return;
  telemetry::log(telemetry::Level::warning, "events", "events are lost: their subscriber does not keep up",
                 {{"subscriber", plugin_}, {"topic", topic_}, {"lost", std::to_string(lost_)}});
}

SubscriptionCounts Subscription::counts() const {
  const std::lock_guard lock(mutex_);
  return {.delivered = delivered_.load(std::memory_order_relaxed),
          .failed = failed_.load(std::memory_order_relaxed),
          .lost = lost_,
          .waiting = waiting_count_ + batch_left_};
}

/// On a thread of the pool, until nothing waits or others have waited for long enough.
void Subscription::deliver_some(std::uint64_t turn) {
  const auto until = Clock::now() + kTurn;
  for (Next next; take_next(turn, next);) {
    deliver(next);
    next = {};
    if (Clock::now() < until) continue;
    const std::lock_guard lock(mutex_);
    if (turn != turn_) return;
    delivers_to_ = nullptr;
    return begin(turn);
  }
}

/// False: there is nothing, or somebody else delivers in its place.
bool Subscription::take_next(std::uint64_t turn, Next& next) {
  const std::lock_guard lock(mutex_);
  if (turn != turn_) return false;
  delivers_to_ = nullptr;
  if (batch_ == nullptr || batch_left_ == 0) {
    batch_.reset();
    is_losing_ = is_losing_ && waiting_count_ > 0;
    is_delivering_ = waiting_count_ > 0 && !is_closed_;
    if (!is_delivering_) return false;
    batch_ = std::make_shared<const Bytes>(std::exchange(waiting_, {}));
    batch_at_ = 0;
    batch_left_ = std::exchange(waiting_count_, 0);
  }
  Head head;
  std::memcpy(&head, batch_->data() + batch_at_, sizeof head);
  next = {.batch = batch_, .request = {batch_->data() + batch_at_ + sizeof head, head.size}, .subscriber = subscriber_};
  batch_at_ += sizeof head + head.size;
  --batch_left_;
  delivers_to_ = subscriber_.cone->entry.get();  // what waits has somebody to hear it
  return true;
}

void Subscription::deliver(const Next& next) {
  const auto delivery = events::deliver(next.subscriber, {.topic = topic_}, next.request);
  if (delivery.status != MORTISE_OK) failed_.fetch_add(1, std::memory_order_relaxed);
  if (!delivery.has_begun) log_failure(*next.subscriber.cone->entry, {.topic = topic_}, delivery);
  delivered_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace mortise::events
