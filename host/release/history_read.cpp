// What the history tells of the past.
#include <Poco/Data/Statement.h>

#include <algorithm>
#include <utility>

#include "release/history.hpp"
#include "storage/sqlite.hpp"

namespace mortise::release {
namespace {

namespace data = Poco::Data;
using data::Keywords::into;
using data::Keywords::now;
using data::Keywords::range;
using data::Keywords::use;
using storage::guarded;

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
  select << "SELECT plugin, sha256, config, instead_sha256, instead_config, reason, together FROM hold", into(plugin),
      into(member.sha256), into(member.config_text), into(hold.instead_of.sha256), into(hold.instead_of.config_text),
      into(hold.reason), into(hold.together), range(0, 1);
  while (!select.done() && select.execute() > 0) {
    hold.member = member.sha256.empty() ? std::nullopt : std::optional(member);
    holds.emplace(plugin, hold);
  }
  return holds;
}

/// Numbers of attempts, the newest first.
std::vector<std::int64_t> read_numbers(data::Session& poco, const std::string& rest_of_query) {
  std::vector<std::int64_t> numbers;
  poco << "SELECT number FROM attempt " + rest_of_query, into(numbers), now;
  return numbers;
}

}  // namespace

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
