// What an admin asks about durable tasks, of those who have them.
#pragma once

#include <optional>
#include <string>

#include "admin/tasks_control.hpp"
#include "tasks/durable_tasks.hpp"

namespace mortise {

/// Any thread; `tasks` outlives it.
class TasksControl final : public admin::TasksControl {
 public:
  explicit TasksControl(tasks::DurableTasks& tasks) : tasks_(tasks) {}

  base::Result<admin::TasksStatus> tasks(const std::string& plugin) override;
  base::Result<std::uint64_t> replay(const std::string& plugin, std::optional<std::int64_t> id,
                                     const std::string& who) override;

 private:
  tasks::DurableTasks& tasks_;
};

}  // namespace mortise
