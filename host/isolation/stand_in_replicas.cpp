// Several workers of one plugin: that they start, hear of its hooks, and share its requests and calls.
#include <sys/eventfd.h>

#include <atomic>
#include <string>
#include <vector>

#include "isolation/stand_in.hpp"
#include "runtime/abi_values.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {
namespace {

using base::Error;
using base::ErrorCode;
using runtime::to_abi;

// Beyond the stop timeout: what the edge then gives peers to answer a close in, and a moment for on_close.
constexpr std::chrono::milliseconds kSocketsClose{3000};

/// Of the calling thread, counted from 0 on: so that threads spread evenly.
std::size_t number_of_thread() {
  static std::atomic<std::size_t> next{0};  // a count, which orders nothing: relaxed
  thread_local const std::size_t kNumber = next.fetch_add(1, std::memory_order_relaxed);
  return kNumber;
}

}  // namespace

/// All at the same time; the plugin serves when each of them does.
mortise_status StandIn::add_replicas(mortise_error* error) {
  if (has_state_) {
    return to_abi(
        Error{ErrorCode::failed_precondition,
              "it hands its state over (mortise.state/1), which several processes cannot; set \"workers\": 1"},
        error);
  }
  while (worker_count() < spec_.workers) {
    replicas_.push_back(std::unique_ptr<StandIn>(new StandIn(settings_, spec_, this)));
    replicas_.back()->begin_replica(*host_);
  }
  for (std::size_t number = 1; number < worker_count(); ++number) {
    if (const auto ready = worker(number).wait_until_ready(); !ready) {
      const auto which = "worker " + std::to_string(number + 1) + " of " + std::to_string(spec_.workers);
      return to_abi(ready.error().in(which), error);
    }
  }
  return MORTISE_OK;
}

void StandIn::begin_replica(const mortise_host_v1& host) {
  host_ = &host;
  http_ = first().http_;
  begin_tasks(nullptr);
  const std::lock_guard lock(mutex_);
  attendant_ = std::thread([this] { attend(); });  // first: where there is none, nothing is posted
  is_attended_ = true;
}

/// Error: its first worker is not fit; another one would be no better.
base::Result<void> StandIn::wait_until_ready() {
  std::unique_lock lock(mutex_);
  // A moment longer than its hooks have: what they came to says more.
  const auto until = first().init_until_ + settings_.init_timeout / 16;
  const bool is_told = changed_.wait_until(lock, until, [this] { return calls_ || has_failed_; });
  if (calls_) return {};
  if (!is_told) return Error{ErrorCode::deadline_exceeded, "it was not ready in time; raise init_timeout_ms"};
  return Error{ErrorCode::failed_precondition, report_.trouble};
}

/// Has each worker run it, at the same time. Where one fails, what that one says stands.
void StandIn::call_all(Hook& hook) {
  std::vector<Hook> others(replicas_.size(), hook);
  post(hook);
  for (std::size_t i = 0; i < others.size(); ++i) replicas_[i]->post(others[i]);
  await(hook);
  for (std::size_t i = 0; i < others.size(); ++i) {
    replicas_[i]->await(others[i]);
    if (hook.status == MORTISE_OK && others[i].status != MORTISE_OK) hook = others[i];
  }
}

void StandIn::note_stopped() {
  for (std::size_t number = 0; number < worker_count(); ++number) {
    auto& one = worker(number);
    const std::lock_guard lock(one.mutex_);
    one.is_stopped_ = true;
  }
}

void StandIn::cut_from(Clock::time_point time) {
  for (std::size_t number = 0; number < worker_count(); ++number) {
    auto& one = worker(number);
    {
      const std::lock_guard lock(one.mutex_);
      one.cut_at_ = time;
      if (one.calls_ && one.calls_->has_sockets()) *one.cut_at_ += kSocketsClose;
    }
    ::eventfd_write(one.wake_.get(), 1);
  }
}

/// For a request: the next one. One that is away is passed over; null: all are.
std::shared_ptr<Calls> StandIn::calls_in_turn() {
  const auto count = worker_count();
  const auto turn = count == 1 ? 0 : turn_.fetch_add(1, std::memory_order_relaxed);
  for (std::size_t i = 0; i < count; ++i) {
    auto& one = worker((turn + i) % count);
    const std::lock_guard lock(one.mutex_);
    if (one.calls_) return one.calls_;
  }
  return nullptr;
}

/// For a call, whose thread waits: the one with the fewest inside, and of these the same one for the same thread, as
/// what that calls again is warm.
std::shared_ptr<ContractCalls> StandIn::contract_calls_in_turn() {
  const auto count = worker_count();
  if (count == 1) {
    const std::lock_guard lock(mutex_);
    return contract_calls_;
  }
  const auto turn = number_of_thread();
  std::shared_ptr<ContractCalls> found;
  std::uint32_t fewest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto& one = worker((turn + i) % count);
    const std::lock_guard lock(one.mutex_);
    if (!one.contract_calls_) continue;
    const auto inside = one.contract_calls_->count_inside();
    if (found && inside >= fewest) continue;
    found = one.contract_calls_;
    fewest = inside;
    if (inside == 0) break;
  }
  return found;
}

std::optional<loader::ProcessReport> StandIn::process() const {
  auto all = report();
  for (const auto& replica : replicas_) {
    all.replicas.push_back(replica->report());
    all.late_handlers += all.replicas.back().late_handlers;
  }
  return all;
}

}  // namespace mortise::isolation
