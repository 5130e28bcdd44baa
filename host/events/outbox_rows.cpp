#include "events/outbox_rows.hpp"

#include <chrono>
#include <limits>

namespace mortise::events {
namespace {

using sql::blob;
using sql::number;
using sql::text;
using sql::to_string;

// The first of each key that is not dead: unless it has its time, it is to be tried.
constexpr std::string_view kGiveTimeToHeads =
    "UPDATE mortise_outbox_deliveries SET due_ms = 0 WHERE plugin = ?1 AND is_dead = 0 AND due_ms IS NULL AND id IN "
    "(SELECT min(id) FROM mortise_outbox_deliveries INDEXED BY mortise_outbox_by_key WHERE plugin = ?1 AND is_dead = 0 "
    "AND key <> x'' GROUP BY key)";

/// From id, topic, key, published_ms, event, form.
StoredLetter to_letter(std::span<const mortise_sql_value> row) {
  StoredLetter letter;
  letter.id = row[0].integer;
  letter.topic = to_string(row[1]);
  letter.key = to_string(row[2]);
  letter.published_ms = row[3].integer;
  letter.form = static_cast<std::uint64_t>(row[5].integer);
  letter.bytes.assign(row[4].bytes.data, row[4].bytes.data + row[4].bytes.size);
  return letter;
}

}  // namespace

std::int64_t wall_clock_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::array<mortise_sql_value, 5> to_parameters(const Publication& publication) {
  return {text(publication.topic),
          number(static_cast<std::int64_t>(publication.form)),
          blob(publication.key),
          number(wall_clock_ms()),
          {MORTISE_SQL_BLOB, 0, 0, 0, publication.bytes}};
}

base::Result<bool> OutboxRows::exist() {
  const auto found = ask_number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'mortise_outbox'");
  if (!found) return found.error();
  return *found > 0;
}

base::Result<std::uint64_t> OutboxRows::epoch() {
  const auto found = ask_number("SELECT epoch FROM mortise_outbox_epoch");
  if (!found) return found.error();
  return static_cast<std::uint64_t>(*found);
}

base::Result<std::int64_t> OutboxRows::last_id() {
  return ask_number("SELECT seq FROM sqlite_sequence WHERE name = 'mortise_outbox'");
}

base::Result<std::int64_t> OutboxRows::first_id() { return ask_number("SELECT min(id) FROM mortise_outbox"); }

base::Result<std::map<std::string, StoredSubscriber>> OutboxRows::subscribers() {
  std::map<std::string, StoredSubscriber> all;
  const auto asked =
      ask("SELECT plugin, c.id, s.topic, s.since_id FROM mortise_outbox_cursors c "
          "JOIN mortise_outbox_subscribers s USING (plugin)",
          {}, [&](Row row) {
            auto& one = all[to_string(row[0])];
            one.cursor = row[1].integer;
            one.topics[to_string(row[2])] = row[3].integer;
            return true;
          });
  if (!asked) return asked.error();
  return all;
}

base::Result<void> OutboxRows::read_ahead(const std::string& plugin, std::int64_t id, std::size_t most,
                                          const Take& take) {
  return ask(
      "SELECT id, topic, key, published_ms, event, form, key <> x'' AND EXISTS (SELECT 1 FROM "
      "mortise_outbox_deliveries d INDEXED BY mortise_outbox_by_key "
      "WHERE d.plugin = ?1 AND d.key = o.key AND d.is_dead = 0) FROM mortise_outbox o WHERE id > ?2 ORDER BY id "
      "LIMIT ?3",
      {text(plugin), number(id), number(static_cast<std::int64_t>(most))}, [&](Row row) {
        auto letter = to_letter(row);
        letter.is_behind = row[6].integer != 0;
        return take(std::move(letter));
      });
}

base::Result<std::vector<OutboxRows::Head>> OutboxRows::due(const std::string& plugin, const DueTimes& times,
                                                            std::size_t most) {
  std::vector<Head> heads;
  const auto asked =
      ask("SELECT id, key FROM (SELECT id, key FROM mortise_outbox_deliveries INDEXED BY mortise_outbox_by_due "
          "WHERE plugin = ?1 AND is_dead = 0 AND due_ms <= ?2 UNION ALL SELECT id, key FROM mortise_outbox_deliveries "
          "INDEXED BY mortise_outbox_by_due WHERE plugin = ?1 AND is_dead = 0 AND due_ms > ?3) d WHERE key = x'' "
          "OR NOT EXISTS (SELECT 1 FROM mortise_outbox_deliveries e INDEXED BY mortise_outbox_by_key "
          "WHERE e.plugin = ?1 AND e.key = d.key AND e.is_dead = 0 AND e.id < d.id) LIMIT ?4",
          {text(plugin), number(times.now_ms), number(times.far_ms), number(static_cast<std::int64_t>(most))},
          [&](Row row) {
            heads.push_back({.id = row[0].integer, .key = to_string(row[1])});
            return true;
          });
  if (!asked) return asked.error();
  return heads;
}

base::Result<void> OutboxRows::read_lane(const std::string& plugin, const Head& head, const DueTimes& times,
                                         std::size_t most, const Take& take) {
  return ask(
      "SELECT id, topic, o.key, published_ms, event, form, attempts, due_ms FROM mortise_outbox_deliveries d "
      "INDEXED BY mortise_outbox_by_key JOIN mortise_outbox o USING (id) WHERE plugin = ?1 AND d.key = ?2 "
      "AND is_dead = 0 AND id >= ?3 ORDER BY id LIMIT ?4",
      {text(plugin), blob(head.key), number(head.id),
       number(head.key.empty() ? std::int64_t{1} : static_cast<std::int64_t>(most))},
      [&](Row row) {
        if (row[7].type == MORTISE_SQL_INTEGER && !times.is_due(row[7].integer)) return false;
        auto letter = to_letter(row);
        letter.attempts = static_cast<std::uint32_t>(row[6].integer);
        return take(std::move(letter));
      });
}

base::Result<std::optional<std::int64_t>> OutboxRows::next_due(const std::string& plugin, const DueTimes& times) {
  std::optional<std::int64_t> next;
  const auto asked =
      ask("SELECT min(due_ms) FROM mortise_outbox_deliveries WHERE plugin = ?1 AND is_dead = 0 AND due_ms > ?2",
          {text(plugin), number(times.now_ms)}, [&](Row row) {
            if (row[0].type == MORTISE_SQL_INTEGER) next = row[0].integer;
            return false;
          });
  if (!asked) return asked.error();
  return next;
}

base::Result<void> OutboxRows::begin_subscription(const std::string& plugin, const std::string& topic,
                                                  std::int64_t since) {
  auto begun = ask("INSERT OR IGNORE INTO mortise_outbox_cursors VALUES (?1, ?2)", {text(plugin), number(since)});
  if (!begun) return begun;
  return ask("INSERT OR IGNORE INTO mortise_outbox_subscribers VALUES (?1, ?2, ?3)",
             {text(plugin), text(topic), number(since)});
}

base::Result<void> OutboxRows::end_subscription(const std::string& plugin, const std::string& topic) {
  auto ended =
      ask("DELETE FROM mortise_outbox_subscribers WHERE plugin = ?1 AND topic = ?2", {text(plugin), text(topic)});
  if (!ended) return ended;
  ended =
      ask("DELETE FROM mortise_outbox_deliveries WHERE plugin = ?1 AND EXISTS (SELECT 1 FROM mortise_outbox o "
          "WHERE o.id = mortise_outbox_deliveries.id AND o.topic = ?2)",
          {text(plugin), text(topic)});
  if (!ended) return ended;
  // What stood behind one that is gone has its time now.
  ended = ask(kGiveTimeToHeads, {text(plugin)});
  if (!ended) return ended;
  return ask(
      "DELETE FROM mortise_outbox_cursors WHERE plugin = ?1 AND NOT EXISTS (SELECT 1 FROM mortise_outbox_subscribers "
      "s WHERE s.plugin = ?1)",
      {text(plugin)});
}

base::Result<void> OutboxRows::set_cursor(const std::string& plugin, std::int64_t id) {
  return ask("UPDATE mortise_outbox_cursors SET id = ?2 WHERE plugin = ?1 AND id < ?2", {text(plugin), number(id)});
}

base::Result<void> OutboxRows::list(const std::string& plugin, const LetterKey& letter,
                                    std::optional<std::int64_t> due_ms) {
  return ask(
      "INSERT OR IGNORE INTO mortise_outbox_deliveries (plugin, id, key, attempts, due_ms, is_dead) "
      "VALUES (?1, ?2, ?3, 0, ?4, 0)",
      {text(plugin), number(letter.id), blob(letter.key), number(due_ms)});
}

base::Result<void> OutboxRows::note_failure(const std::string& plugin, const FailedLetter& letter, std::int64_t now_ms,
                                            std::optional<std::int64_t> due_ms) {
  return ask(
      "INSERT OR REPLACE INTO mortise_outbox_deliveries (plugin, id, key, attempts, tried_ms, due_ms, is_dead, error) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6 IS NULL, ?7)",
      {text(plugin), number(letter.id), blob(letter.key), number(std::int64_t{letter.attempts}), number(now_ms),
       number(due_ms), text(letter.error)});
}

base::Result<void> OutboxRows::forget(const std::string& plugin, std::int64_t id) {
  return ask("DELETE FROM mortise_outbox_deliveries WHERE plugin = ?1 AND id = ?2", {text(plugin), number(id)});
}

base::Result<void> OutboxRows::give_time_to_head(const std::string& plugin, const std::string& key) {
  if (key.empty()) return {};
  return ask(
      "UPDATE mortise_outbox_deliveries SET due_ms = 0 WHERE plugin = ?1 AND due_ms IS NULL AND id = "
      "(SELECT min(id) FROM mortise_outbox_deliveries INDEXED BY mortise_outbox_by_key WHERE plugin = ?1 AND key = ?2 "
      "AND is_dead = 0)",
      {text(plugin), blob(key)});
}

base::Result<std::int64_t> OutboxRows::prune(std::int64_t from, std::int64_t to, std::size_t most) {
  std::int64_t last = to;
  auto done =
      ask("SELECT max(id), count(*) FROM (SELECT id FROM mortise_outbox WHERE id > ?1 AND id <= ?2 ORDER BY id "
          "LIMIT ?3)",
          {number(from), number(to), number(static_cast<std::int64_t>(most))}, [&](Row row) {
            if (row[1].integer == static_cast<std::int64_t>(most)) last = row[0].integer;
            return false;
          });
  if (!done) return done.error();
  done = ask(
      "DELETE FROM mortise_outbox WHERE id > ?1 AND id <= ?2 AND NOT EXISTS (SELECT 1 FROM mortise_outbox_deliveries d "
      "WHERE d.id = mortise_outbox.id)",
      {number(from), number(last)});
  if (!done) return done.error();
  return last;
}

base::Result<void> OutboxRows::prune_one(std::int64_t id) {
  return ask(
      "DELETE FROM mortise_outbox WHERE id = ?1 "
      "AND NOT EXISTS (SELECT 1 FROM mortise_outbox_cursors c WHERE c.id < ?1) "
      "AND NOT EXISTS (SELECT 1 FROM mortise_outbox_deliveries d WHERE d.id = ?1)",
      {number(id)});
}

base::Result<std::vector<DeadLetter>> OutboxRows::dead(const std::string& plugin, std::size_t most) {
  std::vector<DeadLetter> all;
  const auto asked =
      ask("SELECT plugin, topic, o.key, id, attempts, tried_ms, error FROM mortise_outbox_deliveries d "
          "JOIN mortise_outbox o USING (id) WHERE plugin = ?1 AND is_dead <> 0 ORDER BY id LIMIT ?2",
          {text(plugin), number(static_cast<std::int64_t>(most))}, [&](Row row) {
            all.push_back({.subscriber = to_string(row[0]),
                           .publisher = {},
                           .topic = to_string(row[1]),
                           .key = to_string(row[2]),
                           .id = row[3].integer,
                           .attempts = static_cast<std::uint32_t>(row[4].integer),
                           .tried_ms = row[5].integer,
                           .error = to_string(row[6])});
            return true;
          });
  if (!asked) return asked.error();
  return all;
}

base::Result<std::map<std::string, std::uint64_t>> OutboxRows::count_dead() {
  std::map<std::string, std::uint64_t> all;
  const auto asked = ask("SELECT plugin, count(*) FROM mortise_outbox_deliveries WHERE is_dead <> 0 GROUP BY plugin",
                         {}, [&](Row row) {
                           all[to_string(row[0])] = static_cast<std::uint64_t>(row[1].integer);
                           return true;
                         });
  if (!asked) return asked.error();
  return all;
}

base::Result<std::uint64_t> OutboxRows::replay(const std::string& plugin, std::optional<std::int64_t> id) {
  auto done =
      ask("UPDATE mortise_outbox_deliveries SET is_dead = 0, attempts = 0, due_ms = iif(key = x'', 0, NULL) "
          "WHERE plugin = ?1 AND is_dead <> 0 AND (?2 IS NULL OR id = ?2)",
          {text(plugin), number(id)});
  if (!done) return done.error();
  const auto count = changed_rows();
  done = ask(kGiveTimeToHeads, {text(plugin)});
  if (!done) return done.error();
  return count;
}

base::Result<std::uint64_t> OutboxRows::discard(const std::string& plugin, std::int64_t id) {
  std::optional<std::string> key;
  auto done = ask("SELECT key FROM mortise_outbox_deliveries WHERE plugin = ?1 AND id = ?2", {text(plugin), number(id)},
                  [&](Row row) {
                    key = to_string(row[0]);
                    return false;
                  });
  if (!done) return done.error();
  if (!key) return std::uint64_t{0};
  if (done = forget(plugin, id); !done) return done.error();
  if (done = prune_one(id); !done) return done.error();
  if (done = give_time_to_head(plugin, *key); !done) return done.error();
  return std::uint64_t{1};
}

base::Result<std::uint64_t> OutboxRows::discard_dead(const std::string& plugin) {
  // Of the events those that nobody else needs.
  auto done =
      ask("DELETE FROM mortise_outbox WHERE id IN (SELECT id FROM mortise_outbox_deliveries WHERE plugin = ?1 AND "
          "is_dead <> 0) AND NOT EXISTS (SELECT 1 FROM mortise_outbox_cursors c WHERE c.id < mortise_outbox.id) "
          "AND NOT EXISTS (SELECT 1 FROM mortise_outbox_deliveries d WHERE d.id = mortise_outbox.id AND "
          "d.plugin <> ?1)",
          {text(plugin)});
  if (!done) return done.error();
  done = ask("DELETE FROM mortise_outbox_deliveries WHERE plugin = ?1 AND is_dead <> 0", {text(plugin)});
  if (!done) return done.error();
  return changed_rows();
}

base::Result<std::map<std::string, StoredCounts>> OutboxRows::counts(const std::string& plugin, std::int64_t cursor) {
  std::map<std::string, StoredCounts> all;
  auto asked =
      ask("SELECT topic, count(*) FROM mortise_outbox JOIN mortise_outbox_subscribers USING (topic) "
          "WHERE id > ?1 AND plugin = ?2 GROUP BY topic",
          {number(cursor), text(plugin)}, [&](Row row) {
            all[to_string(row[0])].waiting += static_cast<std::uint64_t>(row[1].integer);
            return true;
          });
  if (!asked) return asked.error();
  asked =
      ask("SELECT topic, sum(is_dead = 0 AND attempts = 0), sum(is_dead = 0 AND attempts > 0), sum(is_dead <> 0) "
          "FROM mortise_outbox_deliveries JOIN mortise_outbox USING (id) JOIN mortise_outbox_subscribers "
          "USING (plugin, topic) WHERE plugin = ?1 GROUP BY topic",
          {text(plugin)}, [&](Row row) {
            auto& counts = all[to_string(row[0])];
            counts.waiting += static_cast<std::uint64_t>(row[1].integer);
            counts.retrying = static_cast<std::uint64_t>(row[2].integer);
            counts.dead = static_cast<std::uint64_t>(row[3].integer);
            return true;
          });
  if (!asked) return asked.error();
  return all;
}

}  // namespace mortise::events
