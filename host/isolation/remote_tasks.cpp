#include "isolation/remote_tasks.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "isolation/task_form.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/failure.hpp"
#include "runtime/generation.hpp"
#include "tasks/tasks.hpp"

namespace mortise::isolation {
namespace {

using base::Error;
using base::ErrorCode;
using runtime::guarded;
using runtime::to_abi;
using runtime::to_view;

RemoteTasks* tasks_of(const runtime::Generation& generation) {
  return dynamic_cast<RemoteTasks*>(generation.service_of(MORTISE_TASKS_V1));
}

mortise_status add(mortise_host* host, const mortise_task_v1* task, mortise_error* error) {
  const auto& generation = runtime::Generation::from(host);
  auto* const tasks = tasks_of(generation);
  if (tasks == nullptr || task == nullptr) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    const auto added = tasks->add(generation, *task);
    return added ? mortise_status{MORTISE_OK} : to_abi(added.error(), error);
  });
}

mortise_status cancel(mortise_host* host, std::uint64_t tag, mortise_error* error) {
  auto* const tasks = tasks_of(runtime::Generation::from(host));
  if (tasks == nullptr) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    const auto cancelled = tasks->cancel(tag);
    return cancelled ? mortise_status{MORTISE_OK} : to_abi(cancelled.error(), error);
  });
}

mortise_status handle(mortise_host* host, const mortise_task_handler_v1* handler, mortise_error* error) {
  const auto& generation = runtime::Generation::from(host);
  auto* const tasks = tasks_of(generation);
  if (tasks == nullptr || handler == nullptr) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    const auto added = tasks->handle(generation, *handler);
    return added ? mortise_status{MORTISE_OK} : to_abi(added.error(), error);
  });
}

constexpr mortise_tasks_v1 kTasksTable{
    .struct_size = sizeof(mortise_tasks_v1), .reserved = 0, .add = &add, .cancel = &cancel, .handle = &handle};

/// Calls it, and has the host hear why it fails.
template <class Body>
mortise_status run_body(const runtime::Generation& generation, const std::string& name, const Body& body) {
  std::string text(1024, '\0');
  mortise_error error{.struct_size = sizeof error,
                      .capacity = static_cast<std::uint32_t>(text.size()),
                      .size = 0,
                      .reserved = 0,
                      .message = text.data()};
  const auto status = body(&error);
  if (status == MORTISE_OK) return status;
  text.resize(std::min<std::size_t>(error.size, text.size()));
  return runtime::fail_call(generation, status, "task " + name, text);
}

// The reply of a task that went well: that of a method without a result.
constexpr std::uint8_t kDone[] = {1};

}  // namespace

RemoteTasks::RemoteTasks(HostLink& link)
    : link_(link),
      channel_{
          .struct_size = sizeof(mortise_channel_v1), .reserved = 0, .self = this, .call = &call, .reserve = nullptr} {}

const void* RemoteTasks::interface(std::string_view id) const noexcept {
  return id == MORTISE_TASKS_V1 ? &kTasksTable : nullptr;
}

base::Result<void> RemoteTasks::add(const runtime::Generation& generation, const mortise_task_v1& task) {
  const auto timing = tasks::Tasks::check(generation, task);
  if (!timing) return timing.error();
  const std::string name(to_view(task.name));
  {
    const std::lock_guard lock(mutex_);
    generation_ = &generation;
    if (tasks_.size() >= tasks::kMostTasks) return tasks::too_many(task);
    if (tasks_.contains(task.tag) || (timing->comes_again() && names_.contains(name))) return tasks::is_there(task);
    tasks_.emplace(task.tag,
                   Known{.name = name, .comes_again = timing->comes_again(), .self = task.self, .run = task.run});
    if (timing->comes_again()) names_.insert(name);
  }
  const auto payload = to_payload(task);
  Completion completion;
  completion.kind = Completion::Kind::add_task;
  const auto status = link_.complete_with_and_wait(completion, payload.data(), payload.size());
  if (status == MORTISE_OK) return {};
  const std::lock_guard lock(mutex_);
  if (status == MORTISE_ALREADY_EXISTS && timing->comes_again()) {
    if (const auto found = tasks_.find(task.tag); found != tasks_.end()) found->second.is_elsewhere = true;
    return {};
  }
  forget_task(task.tag);
  if (!status) {
    return Error{ErrorCode::resource_exhausted, "the memory that host and worker share has no room for the task"};
  }
  if (*status == MORTISE_RESOURCE_EXHAUSTED) return tasks::too_many(task);
  if (*status == MORTISE_CANCELLED) return tasks::is_over(task);
  return Error{runtime::to_code(*status), "the host does not take the task '" + name + "'"};
}

base::Result<void> RemoteTasks::cancel(std::uint64_t tag) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = tasks_.find(tag);
    if (found == tasks_.end()) return tasks::is_missing();
    const bool is_elsewhere = found->second.is_elsewhere;
    forget_task(tag);
    if (is_elsewhere) return tasks::is_missing();
  }
  Completion completion;
  completion.kind = Completion::Kind::cancel_task;
  completion.argument = tag;
  link_.complete(completion, true);
  return {};
}

base::Result<void> RemoteTasks::handle(const runtime::Generation& generation, const mortise_task_handler_v1& handler) {
  return registered_.add(generation, handler);
}

base::Result<void> RemoteTasks::initialised(const runtime::Generation& generation) {
  if (auto complete = registered_.check_complete(generation); !complete) return complete;
  const std::lock_guard lock(mutex_);
  generation_ = &generation;
  auto known = registered_.find(generation);
  for (const auto& name : generation.spec().manifest->durable_tasks) handlers_.emplace_back(name, known[name]);
  return {};
}

void RemoteTasks::forget_task(std::uint64_t tag) {
  const auto found = tasks_.find(tag);
  if (found == tasks_.end()) return;
  if (found->second.comes_again) names_.erase(found->second.name);
  tasks_.erase(found);
}

mortise_status RemoteTasks::call(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply) {
  auto& tasks = *static_cast<RemoteTasks*>(self);
  *reply = {kDone, sizeof kDone};
  if (method == kRunDurableTask) return tasks.run_durable({reinterpret_cast<const char*>(request.data), request.size});
  std::uint64_t tag = 0;
  std::memcpy(&tag, request.data, sizeof tag);
  return tasks.run(tag);
}

mortise_status RemoteTasks::run(std::uint64_t tag) {
  Known task;
  const runtime::Generation* generation = nullptr;
  {
    const std::lock_guard lock(mutex_);
    generation = generation_;
    const auto found = tasks_.find(tag);
    if (found == tasks_.end()) return MORTISE_OK;  // it was cancelled just now
    task = found->second;
    if (!task.comes_again) forget_task(tag);
  }
  return run_body(*generation, task.name, [&](mortise_error* error) { return task.run(task.self, tag, error); });
}

mortise_status RemoteTasks::run_durable(std::string_view request) {
  const auto run = DurableTaskView::read(request);
  if (!run || run->handler >= handlers_.size()) return MORTISE_INVALID_ARGUMENT;
  const auto& named = handlers_[run->handler];
  const runtime::Generation* generation = nullptr;
  {
    const std::lock_guard lock(mutex_);
    generation = generation_;
  }
  return run_body(*generation, named.first,
                  [&](mortise_error* error) { return named.second.run(named.second.self, &run->task, error); });
}

}  // namespace mortise::isolation
