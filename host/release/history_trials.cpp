// What the history keeps of releases on trial, and of members that did not do.
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

base::Result<void> History::end_trial(std::uint64_t release) {
  return guarded([&]() -> base::Result<void> {
    auto number = static_cast<std::int64_t>(release);
    *session_ << "DELETE FROM trial WHERE number = ?", use(number), now;
    return {};
  });
}

base::Result<std::map<std::string, StoredTrial>> History::trials() {
  return guarded([&]() -> base::Result<std::map<std::string, StoredTrial>> {
    std::map<std::string, StoredTrial> trials;
    std::string plugin;
    std::int64_t number = 0;
    std::int64_t generation = 0;
    Identity former;
    data::Statement select(*session_);
    select << "SELECT plugin, number, generation, former_sha256, former_config FROM trial", into(plugin), into(number),
        into(generation), into(former.sha256), into(former.config_text), range(0, 1);
    while (!select.done() && select.execute() > 0) {
      trials.emplace(plugin, StoredTrial{.release = static_cast<std::uint64_t>(number),
                                         .generation = static_cast<std::uint64_t>(generation),
                                         .former = former.sha256.empty() ? std::nullopt : std::optional(former)});
    }
    return trials;
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
    *session_ << "DELETE FROM mark WHERE plugin = ?", use(name), now;
    return {};
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
