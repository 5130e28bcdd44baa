// A task on its way from a worker to its host, as bytes; what comes of it is asked for through a contract call.
#pragma once

#include <mortise/abi/tasks.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::isolation {

/// In the place of a provision's number: the call is of a task, whose tag is the request.
inline constexpr std::uint32_t kTaskProvision = UINT32_MAX;

std::string to_payload(const mortise_task_v1& task);

/// What a worker has sent, whatever that is. Points into the payload.
struct TaskView {
  /// Nothing: it is no task.
  static std::optional<TaskView> read(std::string_view payload);

  mortise_task_v1 task{};  // without `self` and `run`
};

}  // namespace mortise::isolation
