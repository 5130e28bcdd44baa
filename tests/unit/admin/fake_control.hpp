// The releases of a host that a test makes up: what it is to answer, what it was asked, and a call that waits.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "admin/events_control.hpp"
#include "admin/host_control.hpp"
#include "admin/tasks_control.hpp"
#include "release/control.hpp"

namespace mortise::admin {

/// Any thread, but for the answers, which are set before anybody asks.
class FakeControl final : public release::Control {
 public:
  base::Result<release::Plan> plan() override { return plan_; }
  base::Result<release::Outcome> apply(const std::string& who) override {
    std::unique_lock lock(mutex_);
    calls_.push_back("apply by " + who);
    changed_.notify_all();
    changed_.wait(lock, [&] { return !is_held_; });
    return outcome_;
  }
  base::Result<release::Outcome> pardon(const std::string& plugin, const std::string& who) override {
    const std::lock_guard lock(mutex_);
    calls_.push_back("pardon of " + plugin + " by " + who);
    return outcome_;
  }
  base::Result<release::Outcome> rollback(std::optional<std::uint64_t> release, const std::string& who) override {
    const std::lock_guard lock(mutex_);
    calls_.push_back("rollback to " + (release ? std::to_string(*release) : "the one before") + " by " + who);
    return outcome_;
  }
  base::Result<std::vector<release::HistoryEntry>> history(std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    calls_.push_back("history of " + std::to_string(limit));
    return history_;
  }
  base::Result<release::Status> status() override { return status_; }

  /// While calls are held, goes on until nobody waits for it, which counts as a call.
  base::Result<release::ObservationReport> observe(std::chrono::milliseconds duration, const std::string& who,
                                                   const std::function<bool()>& is_wanted) override {
    std::unique_lock lock(mutex_);
    calls_.push_back("observe for " + std::to_string(duration.count()) + " ms by " + who);
    changed_.notify_all();
    while (is_held_) {
      lock.unlock();
      const bool is_unwanted = !is_wanted();
      std::this_thread::yield();
      lock.lock();
      if (!is_unwanted) continue;
      calls_.emplace_back("nobody waits");
      changed_.notify_all();
      break;
    }
    return observation_;
  }

  /// From now until release_calls() apply() waits.
  void hold_calls() {
    const std::lock_guard lock(mutex_);
    is_held_ = true;
  }
  void release_calls() {
    const std::lock_guard lock(mutex_);
    is_held_ = false;
    changed_.notify_all();
  }
  void wait_for_calls(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_.size() >= count; });
  }
  std::vector<std::string> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

  base::Result<release::Plan> plan_ = release::Plan{};
  base::Result<release::Outcome> outcome_ = release::Outcome{};
  base::Result<std::vector<release::HistoryEntry>> history_ = std::vector<release::HistoryEntry>{};
  base::Result<release::Status> status_ = release::Status{};
  base::Result<release::ObservationReport> observation_ = release::ObservationReport{};

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> calls_;  // guarded by mutex_
  bool is_held_ = false;            // guarded by mutex_
};

/// A host that a test makes up: what comes of an upgrade, and who has asked for one.
class FakeHost final : public HostControl {
 public:
  base::Result<UpgradeOutcome> upgrade(const std::string& who) override {
    asked_by_ = who;
    return outcome_;
  }

  base::Result<UpgradeOutcome> outcome_ = UpgradeOutcome{.is_upgraded = true, .pid = 4711, .reason = {}};
  std::string asked_by_;
};

/// Events that a test makes up, and which of them were asked for.
class FakeEvents final : public EventsControl {
 public:
  base::Result<std::vector<SubscriptionStatus>> subscriptions(const std::string& plugin) override {
    asked_ = plugin;
    return subscriptions_;
  }
  base::Result<DeadEvents> dead(const std::string& subscriber) override {
    asked_ = subscriber;
    return dead_;
  }
  base::Result<std::uint64_t> replay(const std::string& subscriber, const std::string& publisher, std::int64_t number,
                                     const std::string& who) override {
    asked_ = subscriber + ", " + publisher + ", " + std::to_string(number) + ", " + who;
    return replayed_;
  }
  base::Result<std::uint64_t> discard(const std::string& subscriber, const std::string& publisher, std::int64_t number,
                                      const std::string& who) override {
    asked_ = "no more: " + subscriber + ", " + publisher + ", " + std::to_string(number) + ", " + who;
    return discarded_;
  }

  std::vector<SubscriptionStatus> subscriptions_;
  DeadEvents dead_;
  std::uint64_t replayed_ = 1;
  std::uint64_t discarded_ = 1;
  std::string asked_;
};

/// Tasks that a test makes up, and which of them were asked for.
class FakeTasks final : public TasksControl {
 public:
  base::Result<std::vector<TaskCounts>> counts(const std::string& plugin) override {
    asked_ = plugin;
    return counts_;
  }
  base::Result<TasksStatus> tasks(const std::string& plugin) override {
    asked_ = plugin;
    return tasks_;
  }
  base::Result<std::uint64_t> replay(const std::string& plugin, std::optional<std::int64_t> id,
                                     const std::string& who) override {
    asked_ = plugin + ", " + (id ? std::to_string(*id) : "all") + ", " + who;
    return replayed_;
  }
  base::Result<bool> discard(const std::string& plugin, std::int64_t id, const std::string& who) override {
    asked_ = "no more: " + plugin + ", " + std::to_string(id) + ", " + who;
    return is_discarded_;
  }

  std::vector<TaskCounts> counts_;
  TasksStatus tasks_;
  std::uint64_t replayed_ = 1;
  bool is_discarded_ = true;
  std::string asked_;
};

/// A shop that has asked for rates, twice in each of a hundred requests, and one pair that could not be counted.
inline release::ObservationReport some_calls() {
  release::ObservationReport report;
  report.window = std::chrono::seconds(2);
  report.requests = 100;
  for (const auto* name : {"idle", "rates", "shop"}) {
    release::ObservationReport::Plugin plugin;
    plugin.status.name = name;
    plugin.status.version = "1.0.0";
    plugin.status.generation = 3;
    report.plugins.push_back(std::move(plugin));
  }
  report.plugins.back().requests = 100;
  report.calls = {{.pair = {"shop", "rates", "rates/1"},
                   .methods = {{.name = "convert",
                                .calls = 200,
                                .failures = 1,
                                .taken = std::chrono::microseconds(1000),
                                .request_bytes = 8000,
                                .reply_bytes = 4000}}}};
  report.unobserved = {{.pair = {"shop", "till", "till/1"}, .reason = "set `fill_proxy`"}};
  return report;
}

/// One handler's, and one that it has failed with.
inline TasksStatus some_tasks() {
  return {.handlers = {{.handler = "send-mail",
                        .is_handled = true,
                        .running = 1,
                        .waiting = 7,
                        .failing = 0,
                        .dead = 1,
                        .next_ms = 1'700'000'000'000}},
          .tried = {{.id = 17,
                     .handler = "send-mail",
                     .name = "order-4",
                     .attempts = 10,
                     .tried_ms = 1'700'000'000'999,
                     .due_ms = 1'700'000'000'000,
                     .is_dead = true,
                     .error = "unavailable: no"}}};
}

}  // namespace mortise::admin
