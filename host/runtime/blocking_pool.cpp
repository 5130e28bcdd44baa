#include "runtime/blocking_pool.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "base/give_way.hpp"
#include "telemetry/crash_handler.hpp"

namespace mortise::runtime {

/// Gives it a turn if it has none and can use one. Under the mutex, as all that follow.
void BlockingPool::State::list(Owners::iterator owner) {
  if (owner->second.is_listed || !owner->second.can_run()) return;
  owner->second.is_listed = true;
  turns.push_back(owner);
}

/// How many tasks could begin if there were threads.
std::size_t BlockingPool::State::runnable() const {
  std::size_t count = 0;
  for (const auto& owner : turns) {
    count += std::min(owner->second.waiting.size(), owner->second.share - owner->second.running);
  }
  return count;
}

/// To be woken when the mutex is free; null: nobody waits.
BlockingPool::WaiterPtr BlockingPool::State::call_one() {
  if (waiters.empty()) return nullptr;
  auto last = std::move(waiters.back());
  waiters.pop_back();
  ++called;
  last->is_called = true;
  return last;
}

/// When the mutex is free, at best.
void BlockingPool::wake(const WaiterPtr& waiter) {
  if (waiter) waiter->woken.notify_one();
}

/// False when there was none for so long that the thread is not needed, or at the stop.
bool BlockingPool::State::await_turn(std::unique_lock<std::mutex>& lock, const WaiterPtr& here) {
  const auto until = std::chrono::steady_clock::now() + idle_limit;
  while (turns.empty() && !is_stopping) {
    here->is_called = false;
    waiters.push_back(here);
    if (here->woken.wait_until(lock, until, [&] { return here->is_called; })) {
      --called;  // what it was called for may have found another thread
    } else {
      std::erase(waiters, here);
      return !turns.empty();
    }
  }
  return !turns.empty();
}

/// Runs one task of the owner whose turn it is.
void BlockingPool::State::run_next(std::unique_lock<std::mutex>& lock) {
  const auto owner = turns.front();
  turns.pop_front();
  owner->second.is_listed = false;
  if (!owner->second.can_run()) return;  // its share has shrunk meanwhile
  {
    const auto task = std::move(owner->second.waiting.front());
    owner->second.waiting.pop_front();
    ++owner->second.running;
    list(owner);
    const auto next = turns.empty() ? nullptr : call_one();
    lock.unlock();
    wake(next);
    task();
  }
  lock.lock();
  --owner->second.running;
  list(owner);
  if (owner->second.running == 0 && owner->second.waiting.empty()) owners.erase(owner);
}

std::size_t BlockingPool::share_of(unsigned limit) const noexcept {
  return std::clamp(limit == 0 ? max_threads_ / 2 : limit, 1U, max_threads_);
}

/// The last task that was queued for the owner.
void BlockingPool::take_back(State& state, Owners::iterator owner) {
  owner->second.waiting.pop_back();
  if (owner->second.can_run() || !owner->second.is_listed) return;
  owner->second.is_listed = false;
  std::erase(state.turns, owner);
}

bool BlockingPool::post(std::string_view owner, std::size_t share, std::function<void()> task) {
  WaiterPtr called;
  {
    auto& state = *state_;
    const std::lock_guard lock(state.mutex);
    if (state.is_stopping) return false;
    auto found = state.owners.find(owner);
    if (found == state.owners.end()) found = state.owners.try_emplace(std::string(owner)).first;
    auto& mine = found->second;
    // One more thread for one more task, and as many as are wanted where more may be at work than before.
    std::size_t may_begin = share > mine.share ? max_threads_ : 1;
    mine.share = share;
    const bool has_thread = state.threads < max_threads_ && mine.running < mine.share;
    if (!has_thread && mine.waiting.size() >= max_queued_) return false;
    mine.waiting.push_back(std::move(task));
    state.list(found);
    for (auto wanted = state.runnable();
         wanted > state.waiters.size() + state.called && may_begin > 0 && state.threads < max_threads_; --wanted) {
      --may_begin;
      try {
        std::thread([kept = state_, here = std::make_shared<Waiter>()] { work(kept, here); }).detach();
      } catch (const std::exception&) {  // no more threads, or no memory
        if (state.threads > 0) break;    // those that are there take it when they can
        take_back(state, found);
        return false;
      }
      ++state.threads;  // before it can look: it waits for the mutex
    }
    called = state.call_one();
  }
  wake(called);
  return true;
}

void BlockingPool::work(const std::shared_ptr<State>& state, const WaiterPtr& here) {
  const telemetry::CrashStack stack;
  base::take_usual_turns();  // it may have been started by a loop
  std::unique_lock lock(state->mutex);
  while (state->await_turn(lock, here)) state->run_next(lock);
  --state->threads;
  state->ended.notify_all();
}

std::size_t BlockingPool::stop(std::chrono::milliseconds patience) {
  std::vector<std::deque<std::function<void()>>> dropped;  // and what the tasks hold, outside the lock
  std::unique_lock lock(state_->mutex);
  state_->is_stopping = true;
  state_->turns.clear();
  for (auto& [name, owner] : state_->owners) {
    owner.is_listed = false;
    dropped.push_back(std::move(owner.waiting));
    owner.waiting.clear();
  }
  while (const auto waiter = state_->call_one()) wake(waiter);
  state_->ended.wait_for(lock, patience, [&] { return state_->threads == 0; });
  return state_->threads;
}

}  // namespace mortise::runtime
