// A task on its way between a worker and its host, as bytes; runs are asked for through contract calls.
#pragma once

#include <mortise/abi/tasks.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::isolation {

/// In the place of a provision's number: the call is of a task, whose tag is the request.
inline constexpr std::uint32_t kTaskProvision = UINT32_MAX;

/// And in the place of a method's: which kind of task it is.
inline constexpr std::uint32_t kRunTask = 0;         // the request is its tag
inline constexpr std::uint32_t kRunDurableTask = 1;  // the request is what to_request() makes

std::string to_payload(const mortise_task_v1& task);

/// A run of a durable task, on its way to a worker; `handler` is its number in the manifest.
std::string to_request(std::uint32_t handler, const mortise_durable_task_v1& task);

/// What a host has sent. Points into the request.
struct DurableTaskView {
  /// Nothing: it is no run.
  static std::optional<DurableTaskView> read(std::string_view request);

  std::uint32_t handler = 0;
  mortise_durable_task_v1 task{};
};

/// What a worker has sent, whatever that is. Points into the payload.
struct TaskView {
  /// Nothing: it is no task.
  static std::optional<TaskView> read(std::string_view payload);

  mortise_task_v1 task{};  // without `self` and `run`
};

}  // namespace mortise::isolation
