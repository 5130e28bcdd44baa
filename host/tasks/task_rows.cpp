#include "tasks/task_rows.hpp"

#include <algorithm>

namespace mortise::tasks {

using sql::number;
using sql::text;
using sql::to_string;

base::Result<bool> TaskRows::is_there() {
  const auto found = ask_number("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'mortise_tasks'");
  if (!found) return found.error();
  return *found != 0;
}

base::Result<std::vector<DueTask>> TaskRows::due(const std::string& handler, std::int64_t now_ms, std::size_t most) {
  std::vector<DueTask> all;
  const auto asked =
      ask("SELECT id, name FROM mortise_tasks WHERE handler = ?1 AND is_dead = 0 AND due_ms <= ?2 ORDER BY due_ms, id "
          "LIMIT ?3",
          {text(handler), number(now_ms), number(static_cast<std::int64_t>(most))}, [&](Row row) {
            all.push_back({.id = row[0].integer, .handler = handler, .name = to_string(row[1])});
            return true;
          });
  if (!asked) return asked.error();
  return all;
}

base::Result<std::optional<std::int64_t>> TaskRows::next_due(const std::string& handler, std::int64_t now_ms) {
  std::optional<std::int64_t> next;
  const auto asked = ask("SELECT min(due_ms) FROM mortise_tasks WHERE handler = ?1 AND is_dead = 0 AND due_ms > ?2",
                         {text(handler), number(now_ms)}, [&](Row row) {
                           if (row[0].type == MORTISE_SQL_INTEGER) next = row[0].integer;
                           return false;
                         });
  if (!asked) return asked.error();
  return next;
}

base::Result<std::optional<StoredTask>> TaskRows::find(std::int64_t id) {
  std::optional<StoredTask> found;
  const auto asked = ask("SELECT payload, attempts, due_ms FROM mortise_tasks WHERE id = ?1 AND is_dead = 0",
                         {number(id)}, [&](Row row) {
                           found.emplace(StoredTask{.payload = to_string(row[0]),
                                                    .attempts = static_cast<std::uint32_t>(row[1].integer),
                                                    .due_ms = row[2].integer});
                           return false;
                         });
  if (!asked) return asked.error();
  return found;
}

base::Result<void> TaskRows::forget(std::int64_t id) {
  return ask("DELETE FROM mortise_tasks WHERE id = ?1", {number(id)});
}

base::Result<void> TaskRows::note_failure(const FailedTask& failed, std::int64_t now_ms,
                                          std::optional<std::int64_t> due_ms) {
  return ask(
      "UPDATE mortise_tasks SET attempts = ?2, tried_ms = ?3, since_ms = ?3, due_ms = coalesce(?4, due_ms), "
      "is_dead = ?4 IS NULL, error = ?5 WHERE id = ?1",
      {number(failed.id), number(std::int64_t{failed.attempts}), number(now_ms), number(due_ms), text(failed.error)});
}

base::Result<bool> TaskRows::has_begun_after(std::int64_t time_ms) {
  const auto found =
      ask_number("SELECT 1 FROM mortise_tasks WHERE is_dead = 0 AND since_ms > ?1 LIMIT 1", {number(time_ms)});
  if (!found) return found.error();
  return *found != 0;
}

base::Result<std::uint64_t> TaskRows::begin_again(std::int64_t after_ms, std::int64_t now_ms, std::size_t most) {
  const auto done =
      ask("UPDATE mortise_tasks SET due_ms = due_ms - (since_ms - ?2), since_ms = ?2 WHERE id IN "
          "(SELECT id FROM mortise_tasks WHERE is_dead = 0 AND since_ms > ?1 LIMIT ?3)",
          {number(after_ms), number(now_ms), number(static_cast<std::int64_t>(most))});
  if (!done) return done.error();
  return changed_rows();
}

base::Result<std::map<std::string, TaskCounts>> TaskRows::counts() {
  std::map<std::string, TaskCounts> all;
  auto asked =
      ask("SELECT handler, count(*), min(due_ms) FROM mortise_tasks WHERE is_dead = 0 GROUP BY handler LIMIT 1000", {},
          [&](Row row) {
            auto& counts = all[to_string(row[0])];
            counts.waiting = static_cast<std::uint64_t>(row[1].integer);
            counts.next_ms = row[2].integer;
            return true;
          });
  if (!asked) return asked.error();
  asked = ask(
      "SELECT handler, is_dead, count(*) FROM mortise_tasks WHERE attempts > 0 GROUP BY handler, is_dead LIMIT 2000",
      {}, [&](Row row) {
        auto& counts = all[to_string(row[0])];
        const auto count = static_cast<std::uint64_t>(row[2].integer);
        if (row[1].integer != 0) {
          counts.dead = count;
        } else {
          counts.failing = count;
          counts.waiting -= std::min(counts.waiting, count);
        }
        return true;
      });
  if (!asked) return asked.error();
  return all;
}

base::Result<std::vector<TriedTask>> TaskRows::tried(bool are_dead, std::size_t most) {
  std::vector<TriedTask> all;
  const auto asked =
      ask("SELECT id, handler, name, attempts, tried_ms, due_ms, error FROM mortise_tasks WHERE is_dead = ?1 "
          "AND attempts > 0 ORDER BY id LIMIT ?2",
          {number(std::int64_t{are_dead ? 1 : 0}), number(static_cast<std::int64_t>(most))}, [&](Row row) {
            all.push_back({.id = row[0].integer,
                           .handler = to_string(row[1]),
                           .name = to_string(row[2]),
                           .attempts = static_cast<std::uint32_t>(row[3].integer),
                           .tried_ms = row[4].integer,
                           .due_ms = row[5].integer,
                           .is_dead = are_dead,
                           .error = to_string(row[6])});
            return true;
          });
  if (!asked) return asked.error();
  return all;
}

base::Result<std::uint64_t> TaskRows::replay(std::optional<std::int64_t> id, std::int64_t now_ms) {
  // Each by its index: what waits may be many.
  const auto done =
      id ? ask("UPDATE OR IGNORE mortise_tasks SET is_dead = 0, attempts = 0, since_ms = ?2, due_ms = ?2 "
               "WHERE id = ?1 AND is_dead = 1",
               {number(*id), number(now_ms)})
         : ask("UPDATE OR IGNORE mortise_tasks SET is_dead = 0, attempts = 0, since_ms = ?1, due_ms = ?1 WHERE id IN "
               "(SELECT id FROM mortise_tasks INDEXED BY mortise_tasks_tried WHERE is_dead = 1 AND attempts > 0)",
               {number(now_ms)});
  if (!done) return done.error();
  return changed_rows();
}

base::Result<bool> TaskRows::discard(std::int64_t id) {
  if (const auto gone = forget(id); !gone) return gone.error();
  return changed_rows() > 0;
}

}  // namespace mortise::tasks
