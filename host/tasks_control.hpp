// What an admin asks about tasks, of those who have them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/tasks_control.hpp"
#include "tasks/tasks.hpp"

namespace mortise {

/// Any thread; `tasks` outlives it.
class TasksControl final : public admin::TasksControl {
 public:
  explicit TasksControl(tasks::Tasks& tasks) : tasks_(tasks) {}

  base::Result<std::vector<admin::TaskCounts>> counts(const std::string& plugin) override;
  base::Result<admin::TasksStatus> tasks(const std::string& plugin) override;
  base::Result<std::uint64_t> replay(const std::string& plugin, std::optional<std::int64_t> id,
                                     const std::string& who) override;
  base::Result<bool> discard(const std::string& plugin, std::int64_t id, const std::string& who) override;

 private:
  tasks::Tasks& tasks_;
};

}  // namespace mortise
