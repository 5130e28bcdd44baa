// What a host remembers of the life before its own.
#include <map>
#include <string>
#include <utility>

#include "release/planner.hpp"
#include "release/reconciler.hpp"
#include "release/retain.hpp"
#include "telemetry/crash_mark.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {

using telemetry::Level;

namespace {

/// Finds members by what was written down of them.
class Finder {
 public:
  Finder(const std::vector<catalog::RecordPtr>& records, catalog::Catalog& catalog) : catalog_(catalog) {
    for (const auto& record : records) {
      if (record->state == catalog::FileState::verified) known_.emplace(record->sha256, record);
    }
  }

  std::optional<Member> find(const std::string& name, const Identity& identity) {
    const auto found = known_.find(identity.sha256);
    if (found != known_.end()) return Member{.record = found->second, .config_text = identity.config_text};
    auto image = catalog_.find_image(identity.sha256);
    if (image) return Member{.record = std::move(*image), .config_text = identity.config_text};
    telemetry::log(Level::warning, "release", "a plugin of a former release is lost",
                   {{"plugin", name}, {"reason", image.error().message}});
    return std::nullopt;
  }

 private:
  catalog::Catalog& catalog_;
  std::map<std::string, catalog::RecordPtr> known_;
};

}  // namespace

/// What the history has of the last release, as far as its images are still there.
Reconciler::Former Reconciler::recall() {
  Former former;
  if (!history_) return former;
  const auto last = history_->last();
  if (!last) {
    telemetry::log(Level::warning, "release", "the last release cannot be read", {{"reason", last.error().message}});
    return former;
  }
  number_ = last->release;
  Finder finder(records_, *catalog_);
  for (const auto& [name, identity] : last->members) {
    if (auto member = finder.find(name, identity)) former.members.emplace(name, std::move(*member));
  }
  for (const auto& [name, hold] : last->holds) {
    auto member = hold.member ? finder.find(name, *hold.member) : std::nullopt;
    if (hold.member && !member) continue;
    former.memory.holds.emplace(name, Hold{.member = std::move(member),
                                           .instead_of = hold.instead_of,
                                           .reason = hold.reason,
                                           .together = hold.together});
  }
  const auto remember = [&](const std::string& name, const Identity& identity, const std::string& why, bool is_marked) {
    auto member = finder.find(name, identity);
    if (!member) return;
    former.memory.failures[name].push_back(
        {.member = std::move(*member), .reason = why, .against = {}, .is_marked = is_marked});
  };
  if (const auto culprits = history_->interrupted_twice()) {
    for (const auto& [name, identity] : *culprits) {
      remember(name, identity,
               "the host ended twice in the middle of a release with it; drop another version, change its config, or "
               "run `mortise apply` to try again",
               false);
    }
  }
  if (const auto marks = history_->marks()) {
    for (const auto& mark : *marks) remember(mark.plugin, mark.identity, mark.reason, true);
  }
  former.memory.running = former.members;
  return former;
}

/// Those that a former life of the host had begun; they are not taken up again.
std::map<std::string, StoredTrial> Reconciler::end_trials() {
  if (!history_) return {};
  auto trials = history_->trials();
  if (!trials) return {};
  for (const auto& [name, trial] : *trials) static_cast<void>(history_->end_trial(trial.release));
  return std::move(*trials);
}

/// Where who crashed the host was on trial, its release is rolled back before anything starts.
void Reconciler::settle_crash(Former& former) {
  const auto crash = telemetry::take_crash_mark(settings_.state_directory / kCrashMarkFile);
  if (crash) {
    telemetry::log(
        Level::error, "release", "the host crashed when it ran last",
        {{"plugin", crash->plugin}, {"generation", std::to_string(crash->generation)}, {"reason", crash->to_string()}});
  }
  const auto trials = end_trials();
  if (!crash) return;
  const auto found = trials.find(crash->plugin);
  const auto culprit = former.members.find(crash->plugin);
  if (found == trials.end() || culprit == former.members.end()) return;
  if (found->second.generation == 0 || found->second.generation != crash->generation) return;

  Finder finder(records_, *catalog_);
  FormerMembers before;
  for (const auto& [name, trial] : trials) {
    if (trial.release != found->second.release) continue;
    auto& member = before[name];
    if (trial.former && !(member = finder.find(name, *trial.former))) return;  // said: there is no way back
  }
  rewind(former, before, culprit->second, found->second.release, crash->to_string());
}

/// As if the release had never been, but for what is known of the culprit.
void Reconciler::rewind(Former& former, const FormerMembers& before, const Member& culprit, std::uint64_t release,
                        const std::string& evidence) {
  const auto name = culprit.record->manifest->name;
  const auto [cause, reason] = judge(culprit, release, "it crashed the host: " + evidence);
  former.memory.failures[name].push_back({.member = culprit, .reason = reason, .against = {}, .is_marked = true});
  keep_mark(former.memory.failures[name].back());
  hold_former(before, name, reason, former.memory);

  Members members = former.members;
  Desired wanted;
  for (const auto& [changed, member] : before) {
    members.erase(changed);
    if (member) members.emplace(changed, *member);
  }
  std::map<std::string, std::string> configs;
  for (const auto& [each, member] : members) {
    wanted.wanted.push_back(as_it_runs(each, member, reason));
    configs.emplace(each, member.config_text);
  }
  const auto plan = make_plan(wanted, former.members);
  const auto begun = history_->begin("the host", cause, plan, configs);
  auto written = begun ? history_->apply(*begun, to_stored(former.memory.holds)) : base::Result<void>(begun.error());
  if (begun) number_ = *begun;
  if (!written) {
    telemetry::log(Level::warning, "release", "the rollback cannot be written down; a restart tries the release again",
                   {{"reason", written.error().message}});
  }
  former.members = std::move(members);
  former.memory.running = former.members;
}

}  // namespace mortise::release
