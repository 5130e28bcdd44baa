// What a host remembers of the life before its own.
#include <string>
#include <utility>

#include "release/member_finder.hpp"
#include "release/reconciler.hpp"
#include "storage/sqlite.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {

using telemetry::Level;

namespace {

/// What there is, or nothing, and then the admin hears what follows from that.
template <class T>
T read_or_say(base::Result<T> read, const char* what, const char* consequence) {
  if (read) return std::move(*read);
  telemetry::log(Level::warning, "release", "a part of the history cannot be read",
                 {{"what", what},
                  {"reason", read.error().message + "; " + consequence +
                                 ". When a restart says so again, move releases.db away: it begins anew"}});
  return {};
}

}  // namespace

/// What it has of the last release; none: nobody knows any more, which is said.
std::optional<History::Last> Reconciler::open_history(Record record) {
  history_.reset();
  const auto file = settings_.state_directory / "releases.db";
  const auto open = [&]() -> base::Result<History::Last> {
    auto opened = record == Record::now ? History::open(file) : History::open_copy(file);
    if (!opened) return opened.error();
    auto last = opened->last();
    if (last) history_ = std::move(*opened);
    return last;
  };
  const auto last = open();
  if (last) return *last;
  has_lost_history_ = true;
  std::string remark;
  if (last.error().code == base::ErrorCode::data_loss && record == Record::now) {
    const auto moved = storage::move_aside(file, files_);
    remark = "the history of releases is corrupt (" + last.error().message + "); " +
             (moved ? "it was moved to '" + moved->string() + "', and begins anew" : moved.error().message);
    if (moved) static_cast<void>(open());
  } else {
    remark = "'" + file.string() + "' cannot be used: " + last.error().message +
             "; plugins are served all the same, but a restart cannot bring this release back. Mend its permissions or "
             "make room, then restart";
  }
  telemetry::log(Level::warning, "release", "the history needs attention", {{"reason", remark}});
  return std::nullopt;
}

/// What the history has of the last release, as far as its images are still there.
Reconciler::Former Reconciler::recall(Record record) {
  Former former;
  const auto last = open_history(record);
  if (!last) return former;
  number_ = last->release;
  MemberFinder finder(records_, *catalog_);
  std::vector<Members::value_type> members;
  for (const auto& [name, identity] : last->members) {
    if (auto member = finder.find(name, identity)) members.emplace_back(name, std::move(*member));
  }
  former.members = Members(std::move(members));
  for (const auto& [name, hold] : last->holds) {
    auto member = hold.member ? finder.find(name, *hold.member) : std::nullopt;
    if (hold.member && !member) continue;
    former.memory.holds.emplace(name, Hold{.member = std::move(member),
                                           .instead_of = hold.instead_of,
                                           .reason = hold.reason,
                                           .together = hold.together});
  }
  recall_failures(finder, former.memory);
  former.trials = read_or_say(history_->trials(), "which releases are on trial",
                              "nobody is on trial, and nobody is rolled back for a crash");
  former.memory.running = former.members;
  return former;
}

void Reconciler::recall_failures(MemberFinder& finder, Memory& memory) {
  const auto remember = [&](const std::string& name, const Identity& identity, const std::string& why, bool is_marked) {
    auto member = finder.find(name, identity);
    if (!member) return;
    memory.failures[name].push_back(
        {.member = std::move(*member), .reason = why, .against = {}, .is_marked = is_marked});
  };
  const auto culprits = read_or_say(history_->interrupted_twice(), "what was interrupted",
                                    "what ended the host twice may be tried once more");
  for (const auto& [name, identity] : culprits) {
    remember(name, identity,
             "the host ended twice in the middle of a release with it; drop another version, change its config, or "
             "run `mortise apply` to try again",
             false);
  }
  const auto marks = read_or_say(history_->marks(), "which versions are marked",
                                 "a version that did not pass its trial may be tried again");
  for (const auto& mark : marks) remember(mark.plugin, mark.identity, mark.reason, true);
  const auto placements =
      read_or_say(history_->placements(), "which versions are to be isolated, and which have passed their probation",
                  "one that has crashed the host may run inline again, and a probation begins anew");
  for (const auto& placement : placements) {
    if (placement.kind == StoredPlacement::Kind::passed) {
      memory.passed[placement.plugin].insert(placement.sha256);
    } else {
      memory.isolations[placement.plugin].push_back(
          {.sha256 = placement.sha256, .reason = placement.reason, .has_run = placement.has_run});
    }
  }
  memory.crashes = read_or_say(history_->crashes(), "which plugins have crashed the host",
                               "one that has may be started again more often than it should");
}

}  // namespace mortise::release
