#include "http/spare_threads.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "http/loop.hpp"

namespace mortise::http {
namespace {

// Handlers that all return at once are the rule: they cost few looks, each of which wakes a thread.
constexpr std::chrono::milliseconds kLook{1};
constexpr std::chrono::milliseconds kGlance{4};
constexpr int kQuietLooksBeforeParking = 12;
// A call that was seen before and has computed so long since then holds its thread.
constexpr std::chrono::microseconds kComputes{500};

thread_local Seat* current_seat = nullptr;

}  // namespace

Seat* Seat::current() noexcept { return current_seat; }
void Seat::sit(Seat* seat) noexcept {
  current_seat = seat;
  if (seat != nullptr) seat->thread_.store(base::ThreadId::of_this_thread(), std::memory_order_relaxed);
}

void Seat::enter(Holder holder, const Connection* request, Time deadline) noexcept {
  generation_.store(holder.generation, std::memory_order_relaxed);
  route_.store(holder.route, std::memory_order_relaxed);
  request_.store(request, std::memory_order_relaxed);
  deadline_.store(deadline, std::memory_order_relaxed);
  sequence_.fetch_add(1, std::memory_order_seq_cst);
  if (watch_.is_parked()) watch_.unpark();
}

bool Seat::leave() noexcept {
  sequence_.fetch_add(1, std::memory_order_release);
  return is_caught_.load(std::memory_order_relaxed) && is_caught_.exchange(false, std::memory_order_relaxed);
}

void SpareThreads::start(std::vector<Loop*> loops) {
  loops_ = std::move(loops);
  told_ = std::make_unique<Told[]>(loops_.size() + limit_);
  thread_ = std::thread([this] { watch(); });
}

void SpareThreads::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SpareThreads::unpark() noexcept {
  {
    const std::lock_guard lock(mutex_);
    is_parked_.store(false, std::memory_order_seq_cst);
  }
  woken_.notify_all();
}

void SpareThreads::watch() {
  int quiet_looks = 0;
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    lock.unlock();
    auto seen = look();
    quiet_looks = seen == Activity::none ? quiet_looks + 1 : 0;
    if (quiet_looks >= kQuietLooksBeforeParking) {
      is_parked_.store(true, std::memory_order_seq_cst);
      seen = look();
      if (seen != Activity::none) is_parked_.store(false, std::memory_order_seq_cst);  // a handler began in between
      quiet_looks = 0;
    }
    lock.lock();
    const auto is_stopping = [this] { return is_stopping_; };
    if (is_parked()) {
      const auto is_woken = [this] { return is_stopping_ || !is_parked(); };
      const auto next = next_deadline();
      if (next == Seat::Time::max()) {
        woken_.wait(lock, is_woken);
      } else if (!woken_.wait_until(lock, next, is_woken)) {
        is_parked_.store(false, std::memory_order_seq_cst);
      }
    } else {
      woken_.wait_for(lock, seen == Activity::inside ? kLook : kGlance, is_stopping);
    }
  }
}

Seat::Time SpareThreads::next_deadline() const {
  auto next = Seat::Time::max();
  for (auto* loop : loops_) next = std::min(next, loop->deadlines().earliest());
  return next;
}

SpareThreads::Activity SpareThreads::look() {
  auto seen = Activity::none;
  const auto now = std::chrono::steady_clock::now();
  holding_.clear();
  free_.clear();
  for (auto* loop : loops_) {
    seen = std::max(seen, look_at(*loop, now));
    loop->expire_listed(now);
  }
  tell_who_holds();  // before there are spare threads, which would take in more of the same
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    fill_up(*loops_[i], free_[i]);
    if (loops_[i]->spare_count() > 0) seen = Activity::inside;
  }
  return seen;
}

/// Whether the call that has been there since the last look holds its thread, by sleeping or computing. One that only
/// waits for a core does not: a spare thread would wait with it, and the route is not to blame.
bool SpareThreads::is_held(Seat& seat) {
  if (seat.is_blocked_) return true;
  const auto thread = seat.thread_.load(std::memory_order_relaxed);
  return thread.cpu_time() - seat.used_before_ >= kComputes || !thread.is_runnable();
}

SpareThreads::Activity SpareThreads::look_at(Loop& loop, Seat::Time now) {
  auto seen = Activity::none;
  late_.clear();
  const std::size_t free = loop.look_at_seats([&](Seat& seat) {
    const auto sequence = seat.sequence_.load(std::memory_order_seq_cst);
    const bool is_inside = sequence % 2 == 1;
    const bool has_moved = sequence != seat.last_seen_;
    const bool is_held = is_inside && !has_moved && SpareThreads::is_held(seat);
    if (is_held && !seat.is_blocked_) seat.is_caught_.store(true, std::memory_order_relaxed);
    if (is_held) {
      holding_.push_back({.generation = seat.generation_.load(std::memory_order_relaxed),
                          .route = seat.route_.load(std::memory_order_relaxed)});
    }
    if (is_inside && !has_moved && sequence != seat.last_late_ &&
        seat.deadline_.load(std::memory_order_relaxed) <= now) {
      seat.last_late_ = sequence;
      late_.push_back(seat.request_.load(std::memory_order_relaxed));
    }
    if (is_inside && has_moved) seat.used_before_ = seat.thread_.load(std::memory_order_relaxed).cpu_time();
    seen = std::max(seen, is_inside ? Activity::inside : has_moved ? Activity::passing : Activity::none);
    seat.is_blocked_ = is_held;
    seat.last_seen_ = sequence;
    return !is_held;
  });
  for (const auto* request : late_) loop.expire(request, now);
  free_.push_back(free);
  return seen;
}

void SpareThreads::tell_who_holds() {
  const auto count = std::min(holding_.size(), loops_.size() + limit_);  // no more seats than that
  for (std::size_t i = 0; i < count; ++i) {
    told_[i].generation.store(holding_[i].generation, std::memory_order_relaxed);
    told_[i].route.store(holding_[i].route, std::memory_order_relaxed);
  }
  told_count_.store(count, std::memory_order_release);
}

bool SpareThreads::is_kept_off(Holder asks, std::size_t share) const noexcept {
  const auto count = told_count_.load(std::memory_order_acquire);
  std::size_t held = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (told_[i].generation.load(std::memory_order_relaxed) != asks.generation) continue;
    if (told_[i].route.load(std::memory_order_relaxed) == asks.route || ++held >= share) return true;
  }
  return false;
}

void SpareThreads::fill_up(Loop& loop, std::size_t free) {
  if (free == 0) {
    std::size_t spares = 0;
    for (auto* other : loops_) spares += other->spare_count();
    if (spares < limit_) loop.add_spare();
  }
  loop.set_surplus(free > 1);
}

}  // namespace mortise::http
