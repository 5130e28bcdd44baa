// What the history keeps of releases on trial, of members that did not do, and of where images may run.
#include <Poco/Data/Statement.h>

#include <utility>

#include "release/history.hpp"
#include "storage/sqlite.hpp"

namespace mortise::release {

namespace data = Poco::Data;
using data::Keywords::into;
using data::Keywords::now;
using data::Keywords::range;
using data::Keywords::use;
using storage::guarded;

namespace {

// As they stand in the file.
constexpr const char* kIsolated = "isolated";
constexpr const char* kPassed = "passed";

}  // namespace

/// In a transaction of the caller's.
void History::write_trial(const StoredTrial& trial) {
  for (const auto& [name, kept] : trial.plugins) {
    auto plugin = name;
    auto number = static_cast<std::int64_t>(trial.release);
    auto host = trial.host;
    auto generation = static_cast<std::int64_t>(kept.generation);
    auto until = kept.until_ms;
    auto former = kept.former.value_or(Identity{});
    *session_ << "INSERT INTO trial VALUES (?, ?, ?, ?, ?, ?, ?)", use(number), use(plugin), use(host), use(generation),
        use(until), use(former.sha256), use(former.config_text), now;
  }
}

base::Result<void> History::begin_trial(const StoredTrial& trial) {
  return guarded([&]() -> base::Result<void> {
    storage::Transaction transaction(*session_);
    write_trial(trial);
    transaction.commit();
    return {};
  });
}

base::Result<void> History::end_trial(std::uint64_t release) {
  return guarded([&]() -> base::Result<void> {
    auto number = static_cast<std::int64_t>(release);
    *session_ << "DELETE FROM trial WHERE number = ?", use(number), now;
    return {};
  });
}

base::Result<std::vector<StoredTrial>> History::trials() {
  return guarded([&]() -> base::Result<std::vector<StoredTrial>> {
    std::vector<StoredTrial> trials;
    std::string plugin;
    std::string result;
    std::int64_t number = 0;
    std::int64_t host = 0;
    std::int64_t generation = 0;
    StoredTrial::Plugin kept;
    Identity former;
    data::Statement select(*session_);
    select << "SELECT trial.number, trial.plugin, host, generation, until_ms, former_sha256, former_config, sha256, "
              "config, result FROM trial JOIN change USING (number, plugin) JOIN attempt USING (number) "
              "ORDER BY trial.number, trial.plugin",
        into(number), into(plugin), into(host), into(generation), into(kept.until_ms), into(former.sha256),
        into(former.config_text), into(kept.identity.sha256), into(kept.identity.config_text), into(result),
        range(0, 1);
    while (!select.done() && select.execute() > 0) {
      const auto release = static_cast<std::uint64_t>(number);
      if (trials.empty() || trials.back().release != release) {
        trials.push_back({.release = release, .host = host, .is_canary = result != "applied"});
      }
      kept.generation = static_cast<std::uint64_t>(generation);
      kept.former = former.sha256.empty() ? std::nullopt : std::optional(former);
      trials.back().plugins.emplace(plugin, kept);
    }
    return trials;
  });
}

base::Result<void> History::set_trials(const std::vector<StoredTrial>& trials) {
  return guarded([&]() -> base::Result<void> {
    storage::Transaction transaction(*session_);
    *session_ << "DELETE FROM trial", now;
    for (const auto& trial : trials) write_trial(trial);
    transaction.commit();
    return {};
  });
}

base::Result<void> History::mark(const StoredMark& mark) {
  return guarded([&]() -> base::Result<void> {
    auto row = mark;
    *session_ << "INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?)", use(row.plugin), use(row.identity.sha256),
        use(row.identity.config_text), use(row.reason), now;
    return {};
  });
}

base::Result<void> History::pardon(const std::string& plugin) {
  return guarded([&]() -> base::Result<void> {
    auto name = plugin;
    storage::Transaction transaction(*session_);
    *session_ << "DELETE FROM mark WHERE plugin = ?", use(name), now;
    *session_ << "DELETE FROM crash WHERE plugin = ?", use(name), now;
    std::string kind = kIsolated;
    *session_ << "DELETE FROM placement WHERE plugin = ? AND kind = ?", use(name), use(kind), now;
    transaction.commit();
    return {};
  });
}

base::Result<void> History::add_placement(const StoredPlacement& placement) {
  return guarded([&]() -> base::Result<void> {
    auto row = placement;
    std::string kind = row.kind == StoredPlacement::Kind::passed ? kPassed : kIsolated;
    *session_ << "INSERT OR REPLACE INTO placement VALUES (?, ?, ?, ?, ?)", use(row.plugin), use(row.sha256), use(kind),
        use(row.reason), use(row.has_run), now;
    return {};
  });
}

base::Result<std::vector<StoredPlacement>> History::placements() {
  return guarded([&]() -> base::Result<std::vector<StoredPlacement>> {
    std::vector<StoredPlacement> placements;
    StoredPlacement row;
    std::string kind;
    data::Statement select(*session_);
    select << "SELECT plugin, sha256, kind, reason, has_run FROM placement ORDER BY plugin, sha256, kind",
        into(row.plugin), into(row.sha256), into(kind), into(row.reason), into(row.has_run), range(0, 1);
    while (!select.done() && select.execute() > 0) {
      row.kind = kind == kPassed ? StoredPlacement::Kind::passed : StoredPlacement::Kind::isolated;
      placements.push_back(row);
    }
    return placements;
  });
}

base::Result<void> History::add_crash(const StoredCrash& crash) {
  return guarded([&]() -> base::Result<void> {
    constexpr std::int64_t kMonthMs = std::int64_t{30} * 24 * 3600 * 1000;
    auto row = crash;
    auto oldest = crash.time_ms - kMonthMs;
    storage::Transaction transaction(*session_);
    *session_ << "INSERT OR IGNORE INTO crash VALUES (?, ?, ?, ?, ?, ?, ?)", use(row.time_ms), use(row.host),
        use(row.plugin), use(row.sha256), use(row.signal), use(row.route), use(row.evidence), now;
    *session_ << "DELETE FROM crash WHERE time_ms < ?", use(oldest), now;
    transaction.commit();
    return {};
  });
}

base::Result<std::vector<StoredCrash>> History::crashes() {
  return guarded([&]() -> base::Result<std::vector<StoredCrash>> {
    std::vector<StoredCrash> crashes;
    StoredCrash row;
    data::Statement select(*session_);
    select << "SELECT time_ms, host, plugin, sha256, signal, route, evidence FROM crash ORDER BY time_ms, host",
        into(row.time_ms), into(row.host), into(row.plugin), into(row.sha256), into(row.signal), into(row.route),
        into(row.evidence), range(0, 1);
    while (!select.done() && select.execute() > 0) crashes.push_back(row);
    return crashes;
  });
}

base::Result<std::vector<StoredMark>> History::marks() {
  return guarded([&]() -> base::Result<std::vector<StoredMark>> {
    std::vector<StoredMark> marks;
    StoredMark row;
    data::Statement select(*session_);
    select << "SELECT plugin, sha256, config, reason FROM mark", into(row.plugin), into(row.identity.sha256),
        into(row.identity.config_text), into(row.reason), range(0, 1);
    while (!select.done() && select.execute() > 0) marks.push_back(row);
    return marks;
  });
}

}  // namespace mortise::release
