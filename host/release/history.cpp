#include "release/history.hpp"

#include <Poco/Data/Statement.h>
#include <Poco/Data/Transaction.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/Timestamp.h>

#include <algorithm>
#include <utility>

#include "storage/sqlite.hpp"

namespace mortise::release {
namespace {

namespace data = Poco::Data;
using data::Keywords::into;
using data::Keywords::now;
using data::Keywords::range;
using data::Keywords::use;
using storage::guarded;

constexpr std::int64_t kRevision = 1;
// No fsync at each commit: what the host wrote survives its own end anyway, and after the machine's end the file tells
// of a release that was applied, if not of the very last one.
constexpr const char* kPragmas[] = {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL"};
constexpr const char* kTables[] = {
    "CREATE TABLE attempt (number INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, who TEXT NOT NULL, "
    "what TEXT NOT NULL, result TEXT NOT NULL, reason TEXT NOT NULL)",
    // An empty sha256: the plugin stops.
    "CREATE TABLE change (number INTEGER NOT NULL, place INTEGER NOT NULL, plugin TEXT NOT NULL, kind TEXT NOT NULL, "
    "from_version TEXT NOT NULL, to_version TEXT NOT NULL, sha256 TEXT NOT NULL, config TEXT NOT NULL, "
    "PRIMARY KEY (number, place)) WITHOUT ROWID",
    // What runs: the changes of all applied attempts, one upon the other.
    "CREATE TABLE member (plugin TEXT PRIMARY KEY, sha256 TEXT NOT NULL, config TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE hold (plugin TEXT PRIMARY KEY, sha256 TEXT NOT NULL, config TEXT NOT NULL, "
    "instead_sha256 TEXT NOT NULL, instead_config TEXT NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID"};

std::string timestamp() { return Poco::DateTimeFormatter::format(Poco::Timestamp(), "%Y-%m-%dT%H:%M:%S.%iZ"); }

struct ChangeRow {
  std::string plugin;
  std::string kind;
  std::string from_version;
  std::string to_version;
  std::string sha256;
  std::string config;
};

/// The changes of one attempt, in their order.
std::vector<ChangeRow> read_changes(data::Session& poco, std::int64_t number) {
  std::vector<ChangeRow> rows;
  ChangeRow row;
  data::Statement select(poco);
  select << "SELECT plugin, kind, from_version, to_version, sha256, config FROM change WHERE number = ? ORDER BY place",
      use(number), into(row.plugin), into(row.kind), into(row.from_version), into(row.to_version), into(row.sha256),
      into(row.config), range(0, 1);
  while (!select.done() && select.execute() > 0) rows.push_back(row);
  return rows;
}

Identities read_members(data::Session& poco) {
  std::vector<std::string> plugins;
  std::vector<std::string> digests;
  std::vector<std::string> configs;
  poco << "SELECT plugin, sha256, config FROM member ORDER BY plugin", into(plugins), into(digests), into(configs), now;
  Identities members;
  for (std::size_t i = 0; i < plugins.size(); ++i) {
    members.emplace_hint(members.end(), std::move(plugins[i]), Identity{std::move(digests[i]), std::move(configs[i])});
  }
  return members;
}

std::map<std::string, StoredHold> read_holds(data::Session& poco) {
  std::map<std::string, StoredHold> holds;
  std::string plugin;
  Identity member;
  StoredHold hold;
  data::Statement select(poco);
  select << "SELECT plugin, sha256, config, instead_sha256, instead_config, reason FROM hold", into(plugin),
      into(member.sha256), into(member.config_text), into(hold.instead_of.sha256), into(hold.instead_of.config_text),
      into(hold.reason), range(0, 1);
  while (!select.done() && select.execute() > 0) {
    hold.member = member.sha256.empty() ? std::nullopt : std::optional(member);
    holds.emplace(plugin, hold);
  }
  return holds;
}

void write_holds(data::Session& poco, const std::map<std::string, StoredHold>& holds) {
  poco << "DELETE FROM hold", now;
  for (const auto& [name, hold] : holds) {
    auto plugin = name;
    auto member = hold.member.value_or(Identity{});
    auto rest = hold;
    poco << "INSERT INTO hold VALUES (?, ?, ?, ?, ?, ?)", use(plugin), use(member.sha256), use(member.config_text),
        use(rest.instead_of.sha256), use(rest.instead_of.config_text), use(rest.reason), now;
  }
}

/// Numbers of attempts, the newest first.
std::vector<std::int64_t> read_numbers(data::Session& poco, const std::string& rest_of_query) {
  std::vector<std::int64_t> numbers;
  poco << "SELECT number FROM attempt " + rest_of_query, into(numbers), now;
  return numbers;
}

}  // namespace

std::map<std::string, StoredHold> to_stored(const std::map<std::string, Hold>& holds) {
  std::map<std::string, StoredHold> stored;
  for (const auto& [name, hold] : holds) {
    auto& kept = stored[name];
    if (hold.member) kept.member = hold.member->identity();
    kept.instead_of = hold.instead_of;
    kept.reason = hold.reason;
  }
  return stored;
}

History::History(std::unique_ptr<data::Session> session) : session_(std::move(session)) {}
History::History(History&&) noexcept = default;
History& History::operator=(History&&) noexcept = default;
History::~History() = default;

base::Result<History> History::open(const std::filesystem::path& file) {
  return guarded([&]() -> base::Result<History> {
    auto session = std::make_unique<data::Session>(storage::open_sqlite(file));
    auto& poco = *session;
    for (const auto* pragma : kPragmas) poco << pragma, now;
    std::int64_t revision = 0;
    poco << "PRAGMA user_version", into(revision), now;
    if (revision > kRevision) {
      return base::Error{base::ErrorCode::failed_precondition,
                         "'" + file.string() + "' was written by a newer host; use that, or move the file away"};
    }
    if (revision == 0) {
      data::Transaction transaction(poco);
      for (const auto* table : kTables) poco << table, now;
      poco << "PRAGMA user_version = " + std::to_string(kRevision), now;
      transaction.commit();
    }
    poco << "UPDATE attempt SET result = 'interrupted' WHERE result = 'applying'", now;
    return History(std::move(session));
  });
}

base::Result<std::uint64_t> History::begin(const std::string& who, const std::string& what, const Plan& plan,
                                           const std::map<std::string, std::string>& config_texts) {
  return guarded([&]() -> base::Result<std::uint64_t> {
    auto& poco = *session_;
    auto time = timestamp();
    auto by = who;
    auto title = what;
    data::Transaction transaction(poco);
    poco << "INSERT INTO attempt (time, who, what, result, reason) VALUES (?, ?, ?, 'applying', '')", use(time),
        use(by), use(title), now;
    std::int64_t number = 0;
    poco << "SELECT last_insert_rowid()", into(number), now;
    std::int64_t place = 0;
    ChangeRow row;
    data::Statement insert(poco);
    insert << "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?)", use(number), use(place), use(row.plugin),
        use(row.kind), use(row.from_version), use(row.to_version), use(row.sha256), use(row.config);
    for (const auto& step : plan.steps) {
      const auto config = config_texts.find(step.plugin);
      row = {.plugin = step.plugin,
             .kind = to_string(step.kind),
             .from_version = step.from_version,
             .to_version = step.to_version,
             .sha256 = step.to_sha256,
             .config = config == config_texts.end() ? std::string() : config->second};
      insert.execute();
      ++place;
    }
    transaction.commit();
    return static_cast<std::uint64_t>(number);
  });
}

base::Result<void> History::apply(std::uint64_t release, const std::map<std::string, StoredHold>& holds) {
  return guarded([&]() -> base::Result<void> {
    auto& poco = *session_;
    auto number = static_cast<std::int64_t>(release);
    data::Transaction transaction(poco);
    poco << "UPDATE attempt SET result = 'applied' WHERE number = ?", use(number), now;
    poco << "DELETE FROM member WHERE plugin IN (SELECT plugin FROM change WHERE number = ?)", use(number), now;
    poco << "INSERT INTO member SELECT plugin, sha256, config FROM change WHERE number = ? AND sha256 <> ''",
        use(number), now;
    write_holds(poco, holds);
    transaction.commit();
    return {};
  });
}

base::Result<void> History::fail(std::uint64_t release, const std::string& reason) {
  return guarded([&]() -> base::Result<void> {
    auto number = static_cast<std::int64_t>(release);
    auto why = reason;
    *session_ << "UPDATE attempt SET result = 'failed', reason = ? WHERE number = ?", use(why), use(number), now;
    return {};
  });
}

base::Result<void> History::set_holds(const std::map<std::string, StoredHold>& holds) {
  return guarded([&]() -> base::Result<void> {
    data::Transaction transaction(*session_);
    write_holds(*session_, holds);
    transaction.commit();
    return {};
  });
}

base::Result<History::Last> History::last() {
  return guarded([&]() -> base::Result<Last> {
    auto& poco = *session_;
    const auto newest = read_numbers(poco, "WHERE result = 'applied' ORDER BY number DESC LIMIT 1");
    return Last{.release = newest.empty() ? 0 : static_cast<std::uint64_t>(newest.front()),
                .members = read_members(poco),
                .holds = read_holds(poco)};
  });
}

base::Result<Identities> History::members_of(std::uint64_t release) {
  return guarded([&]() -> base::Result<Identities> {
    auto& poco = *session_;
    const auto upto = std::to_string(release);
    const auto numbers = read_numbers(poco, "WHERE result = 'applied' AND number <= " + upto + " ORDER BY number");
    if (numbers.empty() || numbers.back() != static_cast<std::int64_t>(release)) {
      return base::Error{base::ErrorCode::not_found,
                         "no release " + upto + " was ever applied; `mortise history` lists those that were"};
    }
    Identities members;
    for (const auto number : numbers) {
      for (auto& row : read_changes(poco, number)) {
        members.erase(row.plugin);
        if (!row.sha256.empty()) members.emplace(row.plugin, Identity{row.sha256, row.config});
      }
    }
    return members;
  });
}

base::Result<std::optional<std::uint64_t>> History::before(std::uint64_t release) {
  return guarded([&]() -> base::Result<std::optional<std::uint64_t>> {
    const auto found = read_numbers(*session_, "WHERE result = 'applied' AND number < " + std::to_string(release) +
                                                   " ORDER BY number DESC LIMIT 1");
    if (found.empty()) return std::optional<std::uint64_t>();
    return std::optional(static_cast<std::uint64_t>(found.front()));
  });
}

base::Result<Identities> History::interrupted_twice() {
  return guarded([&]() -> base::Result<Identities> {
    auto& poco = *session_;
    std::vector<std::string> results;
    poco << "SELECT result FROM attempt ORDER BY number DESC LIMIT 2", into(results), now;
    if (results != std::vector<std::string>{"interrupted", "interrupted"}) return Identities();
    std::vector<Identities> tried;
    for (const auto number : read_numbers(poco, "ORDER BY number DESC LIMIT 2")) {
      auto& identities = tried.emplace_back();
      for (auto& row : read_changes(poco, number)) {
        if (!row.sha256.empty()) identities.emplace(row.plugin, Identity{row.sha256, row.config});
      }
    }
    return tried.front() == tried.back() ? tried.front() : Identities();
  });
}

base::Result<std::vector<HistoryEntry>> History::list(std::size_t limit) {
  return guarded([&]() -> base::Result<std::vector<HistoryEntry>> {
    auto& poco = *session_;
    std::vector<HistoryEntry> entries;
    for (auto number : read_numbers(poco, "ORDER BY number DESC LIMIT " + std::to_string(limit))) {
      HistoryEntry entry;
      entry.release = static_cast<std::uint64_t>(number);
      poco << "SELECT time, who, what, result, reason FROM attempt WHERE number = ?", use(number), into(entry.time),
          into(entry.who), into(entry.what), into(entry.result), into(entry.reason), now;
      for (auto& row : read_changes(poco, number)) {
        entry.changes.push_back({.plugin = std::move(row.plugin),
                                 .from_version = std::move(row.from_version),
                                 .to_version = std::move(row.to_version),
                                 .kind = std::move(row.kind)});
      }
      entries.push_back(std::move(entry));
    }
    std::reverse(entries.begin(), entries.end());
    return entries;
  });
}

}  // namespace mortise::release
