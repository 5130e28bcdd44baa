// The functions of mortise.tasks/1 in the process that keeps the times.
#pragma once

#include <mortise/abi/tasks.h>

namespace mortise::tasks {

const mortise_tasks_v1& tasks_table() noexcept;

}  // namespace mortise::tasks
