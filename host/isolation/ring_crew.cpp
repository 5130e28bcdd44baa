#include "isolation/ring_crew.hpp"

#include <system_error>
#include <thread>
#include <utility>

#include "isolation/futex.hpp"
#include "telemetry/crash_handler.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {

RingCrew::RingCrew(RingMemory<std::uint32_t>& ring, std::function<void(std::uint32_t)> run,
                   std::function<std::uint32_t()> limit)
    : ring_(ring), run_(std::move(run)), limit_(std::move(limit)), numbers_(ring) {}

void RingCrew::start() {
  {
    const std::lock_guard lock(mutex_);
    ++threads_;
  }
  add_thread();
}

/// It is counted already. False: none is to be had.
bool RingCrew::add_thread() {
  try {
    std::thread([this] { work(); }).detach();
    return true;
  } catch (const std::system_error& error) {
    telemetry::log(telemetry::Level::error, "isolation", "no thread is to be had", {{"reason", error.what()}});
    const std::lock_guard lock(mutex_);
    --threads_;
    return false;
  }
}

void RingCrew::work() {
  const telemetry::CrashStack stack;
  for (;;) {
    run_(take());
    const std::lock_guard lock(mutex_);
    if (--at_work_ == 0) idle_.notify_all();
  }
}

/// Who takes one sees to it that somebody else is there for the next.
std::uint32_t RingCrew::take() {
  std::unique_lock lock(mutex_);
  ++taking_;
  for (;;) {
    if (const auto number = numbers_.pop()) {
      --taking_;
      ++at_work_;
      const bool is_to_grow = taking_ == 0 && threads_ < limit_();
      if (is_to_grow) ++threads_;
      const bool has_more = !numbers_.is_empty();
      lock.unlock();
      const bool has_grown = is_to_grow && add_thread();
      if (!has_grown && has_more && ring_.sleepers.load() != 0) futex_wake(ring_.tail, 1);
      return *number;
    }
    lock.unlock();
    ring_.sleepers.fetch_add(1);
    const auto seen = ring_.tail.load();
    lock.lock();
    const bool is_empty = numbers_.is_empty();
    lock.unlock();
    if (is_empty) futex_wait(ring_.tail, seen);
    ring_.sleepers.fetch_sub(1);
    lock.lock();
  }
}

void RingCrew::wait_until_idle() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return at_work_ == 0 && numbers_.is_empty(); });
}

}  // namespace mortise::isolation
