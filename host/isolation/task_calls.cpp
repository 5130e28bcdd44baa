#include "isolation/task_calls.hpp"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "isolation/task_form.hpp"

namespace mortise::isolation {
namespace {

/// Of no other worker's task, of whichever stand-in of a plugin.
std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last{0};  // a count that orders nothing: relaxed
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

const ForwardedContract& tasks_contract() noexcept {
  static const ForwardedContract kTasks{.stand_in = nullptr, .number = kTaskProvision, .declared = nullptr, .channel{}};
  return kTasks;
}

mortise_status TaskCalls::add(const Worker& worker, const mortise_task_v1& given) {
  if (table_ == nullptr) return MORTISE_FAILED_PRECONDITION;
  auto task = given;
  task.tag = next_number();
  task.self = this;
  task.run = &run;
  {
    const std::lock_guard lock(mutex_);
    const bool comes_again = given.every_ms != 0 || given.cron.size != 0;
    tasks_.emplace(task.tag, Forwarded{.worker = worker, .tag = given.tag, .comes_again = comes_again});
  }
  const auto status = table_->add(host_, &task, nullptr);
  if (status == MORTISE_OK) return status;
  const std::lock_guard lock(mutex_);
  tasks_.erase(task.tag);
  return status;
}

void TaskCalls::cancel(const Worker& worker, std::uint64_t tag) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(tasks_.begin(), tasks_.end(), [&](const auto& entry) {
      return entry.second.worker == worker && entry.second.tag == tag;
    });
    if (found == tasks_.end()) return;
    number = found->first;
    tasks_.erase(found);
  }
  table_->cancel(host_, number, nullptr);
}

void TaskCalls::end(const Worker& worker) {
  std::vector<std::uint64_t> numbers;
  {
    const std::lock_guard lock(mutex_);
    for (auto task = tasks_.begin(); task != tasks_.end();) {
      if (task->second.worker == worker) {
        numbers.push_back(task->first);
        task = tasks_.erase(task);
      } else {
        ++task;
      }
    }
  }
  for (const auto number : numbers) table_->cancel(host_, number, nullptr);
}

/// On a thread of the host's, in a scope.
mortise_status TaskCalls::run(void* self, std::uint64_t number, mortise_error* /*error*/) {
  auto& calls = *static_cast<TaskCalls*>(self);
  Forwarded task;
  {
    const std::lock_guard lock(calls.mutex_);
    const auto found = calls.tasks_.find(number);
    if (found == calls.tasks_.end()) return MORTISE_OK;  // its worker has ended just now
    task = found->second;
    if (!task.comes_again) calls.tasks_.erase(found);
  }
  mortise_bytes reply{nullptr, 0};
  const mortise_bytes request{reinterpret_cast<const std::uint8_t*>(&task.tag), sizeof task.tag};
  return task.worker->call(tasks_contract(), kRunTask, request, false, &reply);
}

}  // namespace mortise::isolation
