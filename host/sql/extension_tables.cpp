#include "sql/extension_tables.hpp"

#include <mortise/abi/kv.h>
#include <mortise/abi/sql.h>

#include <algorithm>
#include <array>

#include "sql/now.hpp"

namespace mortise::sql {
namespace {

// A put replaces its key's row, and AUTOINCREMENT gives the next one a number that was never there: that is the
// version. The value is the last column, so that none is read for what stands before it. Numbers have 53 bits, and are
// exact in JSON, too. Each row that comes takes along the oldest whose time is over, so that these never get more than
// they are, and up to three more while all together have no more than 1 MiB.
constexpr const char* kKv = R"(
  CREATE TABLE mortise_kv (
    version INTEGER PRIMARY KEY AUTOINCREMENT CHECK (version BETWEEN 1 AND 9007199254740991),
    key BLOB NOT NULL UNIQUE CHECK (length(key) BETWEEN 1 AND 1024),
    expires_at INTEGER CHECK (expires_at BETWEEN 1 AND 9007199254740991),
    value BLOB NOT NULL CHECK (length(value) <= 67104768)
  ) STRICT;
  CREATE INDEX mortise_kv_expires_at ON mortise_kv (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TRIGGER mortise_kv_sweep AFTER INSERT ON mortise_kv
  WHEN EXISTS (SELECT 1 FROM mortise_kv WHERE expires_at <= )" MORTISE_SQL_NOW_MS R"() BEGIN
    DELETE FROM mortise_kv WHERE version IN (
      SELECT version FROM (
        SELECT version, bytes, sum(bytes) OVER (ORDER BY expires_at, version ROWS UNBOUNDED PRECEDING) AS together
        FROM (
          SELECT version, expires_at, length(value) AS bytes FROM mortise_kv
          WHERE expires_at <= )" MORTISE_SQL_NOW_MS R"( ORDER BY expires_at, version LIMIT 4))
      WHERE together <= max(bytes, 1048576));
  END;
)";
static_assert(MORTISE_KV_MAX_KEY_BYTES == 1024 && MORTISE_KV_MAX_VALUE_BYTES == 67104768, "as in the table");

// What waits for delivery, in the order of its commits. A subscriber has heard, or has a row among the deliveries for,
// all that its cursor has passed. One of the deliveries without a time waits behind another event of its key.
constexpr const char* kOutboxTables = R"(
  CREATE TABLE mortise_outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
    topic TEXT NOT NULL CHECK (length(CAST(topic AS BLOB)) <= 1024),
    form INTEGER NOT NULL,
    key BLOB NOT NULL CHECK (length(key) <= 1024),
    published_ms INTEGER NOT NULL,
    event BLOB NOT NULL CHECK (length(event) <= 1048576)
  ) STRICT;
  CREATE TABLE mortise_outbox_subscribers (
    plugin TEXT NOT NULL,
    topic TEXT NOT NULL,
    since_id INTEGER NOT NULL,
    PRIMARY KEY (plugin, topic)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE mortise_outbox_cursors (plugin TEXT PRIMARY KEY, id INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE mortise_outbox_deliveries (
    plugin TEXT NOT NULL,
    id INTEGER NOT NULL,
    key BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    tried_ms INTEGER,
    due_ms INTEGER,
    is_dead INTEGER NOT NULL,
    error TEXT,
    PRIMARY KEY (plugin, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX mortise_outbox_by_id ON mortise_outbox_deliveries (id);
  CREATE INDEX mortise_outbox_by_key ON mortise_outbox_deliveries (plugin, key, id) WHERE is_dead = 0;
  CREATE INDEX mortise_outbox_by_due ON mortise_outbox_deliveries (plugin, due_ms) WHERE is_dead = 0;
  CREATE TABLE mortise_outbox_epoch (epoch INTEGER NOT NULL) STRICT;
  INSERT INTO mortise_outbox_epoch VALUES (random());
)";

// Which events were handled. Each that comes takes along two whose time is over, so that these never get more.
constexpr const char* kInbox = R"(
  CREATE TABLE mortise_inbox (
    seq INTEGER PRIMARY KEY,
    high INTEGER NOT NULL,
    low INTEGER NOT NULL,
    at_ms INTEGER NOT NULL DEFAULT )" MORTISE_SQL_NOW_MS R"(,
    UNIQUE (high, low)
  ) STRICT;
  CREATE TRIGGER mortise_inbox_sweep AFTER INSERT ON mortise_inbox BEGIN
    DELETE FROM mortise_inbox
    WHERE seq IN (SELECT seq FROM mortise_inbox ORDER BY seq LIMIT 2) AND at_ms < NEW.at_ms - 604800000;
  END;
)";

// What durable tasks wait for their time. `since_ms` is from when on that is counted: a clock that is put back leaves
// it in the future. What is large stands last, so that nobody who looks at the rest reads it.
constexpr const char* kTasks = R"(
  CREATE TABLE mortise_tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
    handler TEXT NOT NULL CHECK (length(CAST(handler AS BLOB)) BETWEEN 1 AND 64),
    name TEXT CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 1024),
    since_ms INTEGER NOT NULL DEFAULT )" MORTISE_SQL_NOW_MS R"( CHECK (since_ms BETWEEN 0 AND 9007199254740991),
    due_ms INTEGER NOT NULL DEFAULT )" MORTISE_SQL_NOW_MS R"( CHECK (due_ms BETWEEN 0 AND 9007199254740991),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND 1000000),
    tried_ms INTEGER,
    is_dead INTEGER NOT NULL DEFAULT 0 CHECK (is_dead IN (0, 1)),
    error TEXT CHECK (length(CAST(error AS BLOB)) <= 4096),
    payload BLOB NOT NULL CHECK (length(payload) <= 1048576)
  ) STRICT;
  CREATE UNIQUE INDEX mortise_tasks_by_name ON mortise_tasks (handler, name) WHERE name IS NOT NULL AND is_dead = 0;
  CREATE INDEX mortise_tasks_by_due ON mortise_tasks (handler, due_ms) WHERE is_dead = 0;
  CREATE INDEX mortise_tasks_by_since ON mortise_tasks (since_ms) WHERE is_dead = 0;
  CREATE INDEX mortise_tasks_tried ON mortise_tasks (is_dead, id) WHERE attempts > 0;
)";

bool has_keys_and_values(const manifest::Manifest& manifest) { return manifest.names_interface(MORTISE_KV_V1); }

bool has_outbox(const manifest::Manifest& manifest) {
  const auto& topics = manifest.publishes;
  return std::any_of(topics.begin(), topics.end(), [](const auto& one) { return one.is_durable; });
}

bool has_durable_tasks(const manifest::Manifest& manifest) { return !manifest.durable_tasks.empty(); }

/// Whoever has a database, for whatever reason, may take a transaction as it hears of events.
bool has_inbox(const manifest::Manifest& manifest) {
  const auto& provides = manifest.provides;
  const bool has_database = !manifest.migrations.empty() || manifest.names_interface(MORTISE_SQL_V1) ||
                            has_keys_and_values(manifest) || has_outbox(manifest) || has_durable_tasks(manifest);
  return has_database && std::any_of(provides.begin(), provides.end(), [](const auto& one) { return one.is_topic; });
}

constexpr std::array kKvSteps{kKv};
constexpr std::array kOutboxSteps{kOutboxTables};
constexpr std::array kInboxSteps{kInbox};
constexpr std::array kTasksSteps{kTasks};
// How many events were handled and when, and not which.
constexpr std::array kInboxOpen{"", "seq", "at_ms"};

constexpr std::array kExtensionTables{ExtensionTable{.is_for = &has_keys_and_values,
                                                     .name = "mortise_kv",
                                                     .brought_by = "\"mortise.kv/1\" in \"interfaces\"",
                                                     .rows = RowsFor::everything,
                                                     .steps = kKvSteps},
                                      ExtensionTable{.is_for = &has_outbox,
                                                     .name = kNewsTables[static_cast<unsigned>(News::events)],
                                                     .brought_by = "{\"topic\": …, \"durable\": true} in \"publishes\"",
                                                     .rows = RowsFor::inserting,
                                                     .steps = kOutboxSteps},
                                      ExtensionTable{.is_for = &has_inbox,
                                                     .name = "mortise_inbox",
                                                     .brought_by = "the topic in \"subscribes\"",
                                                     .rows = RowsFor::inserting,
                                                     .steps = kInboxSteps,
                                                     .sweep = "mortise_inbox_sweep",
                                                     .open_columns = kInboxOpen},
                                      ExtensionTable{.is_for = &has_durable_tasks,
                                                     .name = kNewsTables[static_cast<unsigned>(News::tasks)],
                                                     .brought_by = "the handler in \"durable_tasks\"",
                                                     .rows = RowsFor::all_but_updates,
                                                     .steps = kTasksSteps}};

}  // namespace

std::span<const ExtensionTable> extension_tables() noexcept { return kExtensionTables; }

}  // namespace mortise::sql
