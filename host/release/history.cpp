#include "release/history.hpp"

#include <Poco/Data/Statement.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/Timestamp.h>

#include <utility>

#include "storage/sqlite.hpp"

namespace mortise::release {
namespace {

namespace data = Poco::Data;
using data::Keywords::into;
using data::Keywords::now;
using data::Keywords::use;
using storage::guarded;

// Since 5 configs may begin with a placement, as settings_text() has it.
constexpr std::int64_t kRevision = 6;
// No fsync at each commit: what the host wrote survives its own end anyway, and after the machine's end the file tells
// of a release that was applied, if not of the very last one.
// It is written at its end and read when somebody asks: without a bound of ours, all of it would come to lie in memory.
constexpr const char* kPragmas[] = {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL",
                                    "PRAGMA cache_size = 16"};
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
constexpr const char* kSinceRevision2[] = {
    "ALTER TABLE hold ADD COLUMN together TEXT NOT NULL DEFAULT ''",
    "CREATE TABLE mark (plugin TEXT NOT NULL, sha256 TEXT NOT NULL, config TEXT NOT NULL, reason TEXT NOT NULL, "
    "PRIMARY KEY (plugin, sha256, config)) WITHOUT ROWID"};
constexpr const char* kSinceRevision3[] = {
    "DROP TABLE IF EXISTS trial",  // of revision 2, which ended its trials with the process
    // Empty digests of the former member: it did not run.
    "CREATE TABLE trial (number INTEGER NOT NULL, plugin TEXT NOT NULL, host INTEGER NOT NULL, "
    "generation INTEGER NOT NULL, until_ms INTEGER NOT NULL, former_sha256 TEXT NOT NULL, former_config TEXT NOT NULL, "
    "PRIMARY KEY (number, plugin)) WITHOUT ROWID"};

constexpr const char* kSinceRevision4 =
    "CREATE TABLE crash (time_ms INTEGER NOT NULL, host INTEGER NOT NULL, plugin TEXT NOT NULL, sha256 TEXT NOT NULL, "
    "signal TEXT NOT NULL, route TEXT NOT NULL, evidence TEXT NOT NULL, PRIMARY KEY (time_ms, host)) WITHOUT ROWID";
constexpr const char* kSinceRevision6 =
    "CREATE TABLE placement (plugin TEXT NOT NULL, sha256 TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, "
    "has_run INTEGER NOT NULL, PRIMARY KEY (plugin, sha256, kind)) WITHOUT ROWID";

void write_holds(data::Session& poco, const std::map<std::string, StoredHold>& holds) {
  poco << "DELETE FROM hold", now;
  for (const auto& [name, hold] : holds) {
    auto plugin = name;
    auto member = hold.member.value_or(Identity{});
    auto rest = hold;
    poco << "INSERT INTO hold VALUES (?, ?, ?, ?, ?, ?, ?)", use(plugin), use(member.sha256), use(member.config_text),
        use(rest.instead_of.sha256), use(rest.instead_of.config_text), use(rest.reason), use(rest.together), now;
  }
}

}  // namespace

std::string to_time(std::int64_t ms_since_1970) {
  return Poco::DateTimeFormatter::format(Poco::Timestamp(ms_since_1970 * 1000), "%Y-%m-%dT%H:%M:%S.%iZ");
}

std::map<std::string, StoredHold> to_stored(const std::map<std::string, Hold>& holds) {
  std::map<std::string, StoredHold> stored;
  for (const auto& [name, hold] : holds) {
    auto& kept = stored[name];
    if (hold.member) kept.member = hold.member->identity();
    kept.instead_of = hold.instead_of;
    kept.reason = hold.reason;
    kept.together = hold.together;
  }
  return stored;
}

History::History(std::unique_ptr<data::Session> session) : session_(std::move(session)) {}
History::History(History&&) noexcept = default;
History& History::operator=(History&&) noexcept = default;
History::~History() = default;

base::Result<History> History::open(const std::filesystem::path& file) {
  return guarded([&]() -> base::Result<History> {
    auto session = storage::open_sqlite(file);
    for (const auto* pragma : kPragmas) session << pragma, now;
    return prepare(std::move(session), file);
  });
}

base::Result<History> History::open_copy(const std::filesystem::path& file) {
  return guarded([&] { return prepare(storage::copy_to_memory(file), file); });
}

/// Gives the database the form that this build knows. Throws Poco's exceptions.
base::Result<History> History::prepare(data::Session session, const std::filesystem::path& file) {
  std::int64_t revision = 0;
  session << "PRAGMA user_version", into(revision), now;
  if (revision > kRevision) {
    return base::Error{base::ErrorCode::failed_precondition,
                       "'" + file.string() + "' was written by a newer host; use that, or move the file away"};
  }
  if (revision < kRevision) {
    storage::Transaction transaction(session);
    if (revision < 1) {
      for (const auto* table : kTables) session << table, now;
    }
    if (revision < 2) {
      for (const auto* change : kSinceRevision2) session << change, now;
    }
    if (revision < 3) {
      for (const auto* change : kSinceRevision3) session << change, now;
    }
    if (revision < 4) session << kSinceRevision4, now;
    if (revision < 6) session << kSinceRevision6, now;
    session << "PRAGMA user_version = " + std::to_string(kRevision), now;
    transaction.commit();
  }
  session << "UPDATE attempt SET result = 'interrupted' WHERE result = 'applying'", now;
  return History(std::make_unique<data::Session>(std::move(session)));
}

base::Result<std::uint64_t> History::begin(const std::string& who, const std::string& what, const Plan& plan,
                                           const std::map<std::string, std::string>& config_texts) {
  return guarded([&]() -> base::Result<std::uint64_t> {
    auto& poco = *session_;
    auto time = to_time(Poco::Timestamp().epochMicroseconds() / 1000);
    auto by = who;
    auto title = what;
    storage::Transaction transaction(poco);
    poco << "INSERT INTO attempt (time, who, what, result, reason) VALUES (?, ?, ?, 'applying', '')", use(time),
        use(by), use(title), now;
    std::int64_t number = 0;
    poco << "SELECT last_insert_rowid()", into(number), now;
    std::int64_t place = 0;
    Step step;
    std::string kind;
    std::string config;
    data::Statement insert(poco);
    insert << "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?)", use(number), use(place), use(step.plugin),
        use(kind), use(step.from_version), use(step.to_version), use(step.to_sha256), use(config);
    for (const auto& each : plan.steps) {
      step = each;
      kind = to_string(step.kind);
      const auto found = config_texts.find(step.plugin);
      config = found == config_texts.end() ? std::string() : found->second;
      insert.execute();
      ++place;
    }
    transaction.commit();
    return static_cast<std::uint64_t>(number);
  });
}

base::Result<void> History::apply(std::uint64_t release, const std::map<std::string, StoredHold>& holds,
                                  const StoredTrial& trial) {
  return guarded([&]() -> base::Result<void> {
    auto& poco = *session_;
    auto number = static_cast<std::int64_t>(release);
    storage::Transaction transaction(poco);
    poco << "UPDATE attempt SET result = 'applied' WHERE number = ?", use(number), now;
    poco << "DELETE FROM member WHERE plugin IN (SELECT plugin FROM change WHERE number = ?)", use(number), now;
    poco << "INSERT INTO member SELECT plugin, sha256, config FROM change WHERE number = ? AND sha256 <> ''",
        use(number), now;
    poco << "DELETE FROM trial WHERE plugin IN (SELECT plugin FROM change WHERE number = ?)", use(number), now;
    write_trial(trial);
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
    storage::Transaction transaction(*session_);
    write_holds(*session_, holds);
    transaction.commit();
    return {};
  });
}

}  // namespace mortise::release
