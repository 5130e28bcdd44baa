#include "tasks/durable_tasks.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "runtime/generation.hpp"
#include "telemetry/log.hpp"

namespace mortise::tasks {
namespace {

using base::Error;
using base::ErrorCode;

// Who waits for the disk, and for handlers that have a transaction open; one for each queue that has something to do.
constexpr unsigned kMostAtDesk = 16;
constexpr std::size_t kMostTurnsQueued = 16;

}  // namespace

DurableTasks::DurableTasks(sql::Sql& databases, runtime::BlockingPool& pool, const runtime::RetryRules& rules,
                           Schedule::Now now)
    : databases_(databases),
      desk_(kMostAtDesk, kMostTurnsQueued),
      means_{.pool = pool, .desk = desk_, .alarm = alarm_, .rules = rules, .now = std::move(now)} {}

/// One of a plugin as long as anybody holds it.
std::shared_ptr<TaskQueue> DurableTasks::open(const std::string& plugin,
                                              const std::shared_ptr<sql::Database>& database) {
  const std::lock_guard lock(mutex_);
  auto& known = known_[plugin];
  auto queue = known.lock();
  if (!queue) {
    queue = TaskQueue::make(plugin, database, means_);
    queue->set_owner(is_owner_, others_submit_until_);
    known = queue;
  }
  running_[plugin] = queue;
  return queue;
}

/// Also a version without handlers has what others have left.
void DurableTasks::publish(std::span<const runtime::ConePtr> bound, std::span<const runtime::Cone* const> gone) {
  std::set<std::string_view> running;
  for (const auto& cone : bound) {
    const auto database = databases_.find(*cone->entry);
    if (database == nullptr) continue;
    running.insert(cone->entry->name());
    open(cone->entry->name(), database)->run(cone, handlers_.find(*cone->entry));
  }
  for (const auto* const cone : gone) {
    if (!running.contains(cone->entry->name())) end(cone->entry->name());
  }
}

void DurableTasks::end(const std::string& plugin) {
  std::shared_ptr<TaskQueue> ended;
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(plugin);
    if (found == running_.end()) return;
    ended = std::move(found->second);
    running_.erase(found);
  }
  ended->rest();
}

void DurableTasks::abandon(const runtime::Generation& generation) {
  std::shared_ptr<TaskQueue> queue;
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(generation.name());
    if (found != known_.end()) queue = found->second.lock();
  }
  if (queue) queue->abandon(generation);
}

/// Also those that are at their last runs.
std::vector<std::shared_ptr<TaskQueue>> DurableTasks::all() const {
  std::vector<std::shared_ptr<TaskQueue>> queues;
  const std::lock_guard lock(mutex_);
  for (const auto& [plugin, known] : known_) {
    if (auto queue = known.lock()) queues.push_back(std::move(queue));
  }
  return queues;
}

void DurableTasks::set_owner(bool is_owner, std::chrono::steady_clock::time_point others_submit_until) {
  const std::lock_guard lock(mutex_);
  is_owner_ = is_owner;
  others_submit_until_ = std::max(others_submit_until_, others_submit_until);
  for (const auto& [plugin, known] : known_) {
    if (const auto queue = known.lock()) queue->set_owner(is_owner, others_submit_until_);
  }
}

void DurableTasks::start(std::chrono::milliseconds others_submit_for) {
  set_owner(true, std::chrono::steady_clock::now() + others_submit_for);
}

void DurableTasks::hold() { set_owner(false); }

base::Result<void> DurableTasks::pause(std::chrono::steady_clock::time_point deadline,
                                       const std::stop_token& giving_up) {
  hold();
  for (const auto& queue : all()) {
    auto settled = queue->settle(deadline, giving_up);
    if (settled) continue;
    set_owner(true, others_submit_until_);
    return settled;
  }
  return {};
}

std::size_t DurableTasks::stop(std::chrono::steady_clock::time_point deadline) {
  hold();
  for (const auto& queue : all()) {
    const auto settled = queue->settle(deadline, {});
    if (settled) continue;
    telemetry::log(telemetry::Level::warning, "tasks", "what was done in the last moment is done again",
                   {{"plugin", queue->plugin()}, {"reason", settled.error().message}});
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return desk_.stop(std::max(left, std::chrono::milliseconds(0)));
}

base::Result<std::shared_ptr<TaskQueue>> DurableTasks::find(const std::string& plugin) const {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(plugin);
  if (found != running_.end()) return found->second;
  return Error{ErrorCode::not_found,
               "plugin '" + plugin + "' does not run, or has no database; enable it to see its durable tasks"};
}

base::Result<QueueReport> DurableTasks::report(const std::string& plugin) {
  const auto queue = find(plugin);
  if (!queue) return queue.error();
  return (*queue)->report();
}

base::Result<std::uint64_t> DurableTasks::replay(const std::string& plugin, std::optional<std::int64_t> id) {
  const auto queue = find(plugin);
  if (!queue) return queue.error();
  return (*queue)->replay(id);
}

base::Result<bool> DurableTasks::discard(const std::string& plugin, std::int64_t id) {
  const auto queue = find(plugin);
  if (!queue) return queue.error();
  return (*queue)->discard(id);
}

}  // namespace mortise::tasks
