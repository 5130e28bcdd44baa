// What an admin can ask about tasks. The application implements it; the control API is its voice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace mortise::admin {

/// What has come of a plugin's tasks in memory of one name; what ran is counted since the host's start.
struct TaskCounts {
  std::string name;  // empty: of all others
  std::uint64_t waiting = 0;
  std::uint64_t running = 0;
  std::uint64_t ran = 0;
  std::uint64_t failed = 0;  // of those that ran
};

/// What one of a plugin's handlers has to do.
struct TaskHandlerStatus {
  std::string handler;
  bool is_handled = false;  // by the version that runs; else its tasks wait
  std::uint64_t running = 0;
  std::uint64_t waiting = 0;  // those that run included
  std::uint64_t failing = 0;
  std::uint64_t dead = 0;
  std::int64_t next_ms = 0;  // when the first of these that is not dead is due, since 1970; 0: there is none
};

/// A durable task that its handler has failed with.
struct TriedTaskStatus {
  std::int64_t id = 0;
  std::string handler;
  std::string name;
  std::uint32_t attempts = 0;
  std::int64_t tried_ms = 0;  // the last time, since 1970
  std::int64_t due_ms = 0;    // the next time
  bool is_dead = false;
  std::string error;
};

struct TasksStatus {
  std::vector<TaskHandlerStatus> handlers;
  std::vector<TriedTaskStatus> tried;  // the eldest
};

/// Any thread; waits for the disk. Of a plugin that runs.
class TasksControl {
 public:
  virtual ~TasksControl() = default;
  TasksControl() = default;
  TasksControl(const TasksControl&) = delete;
  TasksControl& operator=(const TasksControl&) = delete;

  /// In memory.
  virtual base::Result<std::vector<TaskCounts>> counts(const std::string& plugin) = 0;
  /// Durable ones.
  virtual base::Result<TasksStatus> tasks(const std::string& plugin) = 0;
  /// Has that one run again, or all that are dead; returns how many those are. `who` is for the log.
  virtual base::Result<std::uint64_t> replay(const std::string& plugin, std::optional<std::int64_t> id,
                                             const std::string& who) = 0;
  /// Has it not run any more, whether it waits, fails or is dead; false: there is none.
  virtual base::Result<bool> discard(const std::string& plugin, std::int64_t id, const std::string& who) = 0;
};

}  // namespace mortise::admin
