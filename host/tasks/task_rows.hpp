// The table of a plugin's durable tasks (sql/extension_tables.cpp), on a connection to its database. Inside this
// folder.
//
//  a row is | is_dead, attempts | until
//  waiting  | 0, 0              | its handler has run it, or has failed; or the plugin has withdrawn it
//  failing  | 0, 1 and more     | the same, at its next time
//  dead     | 1                 | somebody replays it, or the plugin deletes it
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sql/own_statements.hpp"

namespace mortise::tasks {

/// One whose time has come.
struct DueTask {
  std::int64_t id = 0;
  std::string handler;
  std::string name;  // empty: it has none
};

/// What a run wants to know of it.
struct StoredTask {
  std::string payload;
  std::uint32_t attempts = 0;
  std::int64_t due_ms = 0;
};

/// A run that came to nothing.
struct FailedTask {
  std::int64_t id = 0;
  std::string handler;
  std::uint32_t attempts = 0;  // with this one
  std::string error;
};

/// One that has failed before.
struct TriedTask {
  std::int64_t id = 0;
  std::string handler;
  std::string name;
  std::uint32_t attempts = 0;
  std::int64_t tried_ms = 0;  // the last time, since 1970
  std::int64_t due_ms = 0;    // the next time
  bool is_dead = false;
  std::string error;
};

/// How many one handler has.
struct TaskCounts {
  std::uint64_t waiting = 0;
  std::uint64_t failing = 0;
  std::uint64_t dead = 0;
  std::int64_t next_ms = 0;  // when the first of those that are not dead is due, since 1970
};

/// One thread; in a transaction, which is the caller's to end.
class TaskRows : private sql::OwnStatements {
 public:
  explicit TaskRows(sql::Connection& connection) noexcept : OwnStatements(connection) {}

  /// False: no version of the plugin has ever had durable tasks.
  base::Result<bool> is_there();

  /// The first so many of a handler's, by their times.
  base::Result<std::vector<DueTask>> due(const std::string& handler, std::int64_t now_ms, std::size_t most);
  /// When the next one's time comes; nullopt: none waits for it.
  base::Result<std::optional<std::int64_t>> next_due(const std::string& handler, std::int64_t now_ms);
  /// Nullopt: it is gone, or dead.
  base::Result<std::optional<StoredTask>> find(std::int64_t id);

  base::Result<void> forget(std::int64_t id);
  /// Without a time it is dead.
  base::Result<void> note_failure(const FailedTask& failed, std::int64_t now_ms, std::optional<std::int64_t> due_ms);

  /// Whether there is any whose waiting begins after that time: the clock was put back.
  base::Result<bool> has_begun_after(std::int64_t time_ms);
  /// Has at most so many of these wait as long as they were to, from now on; returns how many those are.
  base::Result<std::uint64_t> begin_again(std::int64_t after_ms, std::int64_t now_ms, std::size_t most);

  /// By handler.
  base::Result<std::map<std::string, TaskCounts>> counts();
  /// The eldest.
  base::Result<std::vector<TriedTask>> tried(bool are_dead, std::size_t most);
  /// Has it tried again from the first attempt on, or all that are dead; returns how many that are. One whose name
  /// another one has meanwhile stays dead.
  base::Result<std::uint64_t> replay(std::optional<std::int64_t> id, std::int64_t now_ms);
  /// Whatever its state; returns whether it was there.
  base::Result<bool> discard(std::int64_t id);
};

}  // namespace mortise::tasks
