#include "release/reconciler.hpp"

#include <algorithm>
#include <utility>

#include "telemetry/log.hpp"

namespace mortise::release {
namespace {

using runtime::Generation;
using runtime::GenerationPtr;
using telemetry::Level;

}  // namespace

Reconciler::Reconciler(RunnerSettings settings, std::unique_ptr<catalog::Catalog> catalog,
                       runtime::Contracts& contracts, std::vector<runtime::Service*> services, base::Files& files,
                       Reap reap)
    : settings_(std::move(settings)),
      data_root_((settings_.state_directory / "data" / "").string()),
      catalog_(std::move(catalog)),
      contracts_(contracts),
      services_(std::move(services)),
      files_(files),
      reap_(std::move(reap)) {
  services_.insert(services_.begin(), &contracts_);
}

void Reconciler::pass() {
  ++pass_;
  look_again_.reset();
  if (auto scan = catalog_->scan()) {
    if (scan->retry_after) look_again_ = Clock::now() + *scan->retry_after;
    for (const auto& remark : scan->remarks) {
      telemetry::log(Level::warning, "catalog", "the catalogue needs attention", {{"reason", remark}});
    }
    records_ = std::move(scan->records);
    for (const auto& record : scan->changed) {
      const bool is_bad = record->state == catalog::FileState::rejected;
      telemetry::log(is_bad ? Level::warning : Level::info, "catalog",
                     std::string("file ") + catalog::to_string(record->state),
                     {{"path", record->path}, {"reason", record->reason}, {"sha256", record->sha256}});
    }
  } else {
    telemetry::log(Level::error, "catalog", "cannot scan the drop directory", {{"reason", scan.error().message}});
    look_again_ = Clock::now() + std::chrono::seconds(1);
  }

  auto desired =
      desire(config::load_plugin_configs(settings_.plugins_directory, files_), records_, settings_.drop_directory);
  std::vector<std::string> faults;
  for (const auto& unmet : desired.unmet) {
    faults.push_back(unmet.name + ": " + unmet.reason);
    if (std::find(told_.begin(), told_.end(), faults.back()) != told_.end()) continue;
    telemetry::log(Level::warning, "release", "an enabled plugin cannot run as desired",
                   {{"plugin", unmet.name}, {"reason", unmet.reason}});
  }
  told_ = std::move(faults);

  auto next = choose_next(desired);
  unmet_ = std::move(desired.unmet);
  settle_conflicts(next);
  publish(std::move(next));
}

Reconciler::Set Reconciler::choose_next(const Desired& desired) {
  Set next;
  for (const auto& unmet : desired.unmet) {
    const auto old = running_.find(unmet.name);
    if (unmet.keep_running && old != running_.end()) next.insert(*old);
  }
  std::map<std::string, Attempt> still_failed;
  std::vector<const Wanted*> to_start;
  for (const auto& wanted : desired.wanted) {
    const auto is_made_so = [&](const std::string& sha256, const std::string& config_text) {
      return sha256 == wanted.record->sha256 && config_text == wanted.config.config_text;
    };
    const auto old = running_.find(wanted.name());
    if (old != running_.end()) {
      next.insert(*old);  // until its successor has started
      if (is_made_so(old->second->spec().sha256, old->second->spec().config_text)) continue;
    }
    const auto attempt = failed_.find(wanted.name());
    if (attempt != failed_.end() && is_made_so(attempt->second.sha256, attempt->second.config_text)) {
      still_failed.insert(*attempt);
    } else {
      to_start.push_back(&wanted);
    }
  }
  failed_ = std::move(still_failed);
  for (auto& generation : start(to_start)) next[generation->name()] = std::move(generation);
  return next;
}

/// Returns those that have started; why the others have not is remembered.
std::vector<GenerationPtr> Reconciler::start(const std::vector<const Wanted*>& wanted) {
  std::vector<GenerationPtr> made;
  for (const auto* one : wanted) {
    if (auto generation = make(*one)) made.push_back(std::move(generation));
  }
  const auto outcomes = initialise(made);
  std::vector<GenerationPtr> started;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (outcomes[i]) {
      started.push_back(std::move(made[i]));
    } else {
      remember_failure(made[i]->spec(), outcomes[i].error().message);
    }
  }
  return started;
}

GenerationPtr Reconciler::make(const Wanted& wanted) {
  runtime::GenerationSpec spec{.manifest = wanted.record->manifest,
                               .image = wanted.record->image,
                               .sha256 = wanted.record->sha256,
                               .config_text = wanted.config.config_text,
                               .data_directory = data_root_ + wanted.name()};
  if (const auto made = files_.make_directory(spec.data_directory, 0700); !made) {
    remember_failure(spec, made.error().message);
    return nullptr;
  }
  spec.is_first_of_image = images_.insert(spec.sha256).second;
  return {new Generation(++last_number_, std::move(spec), services_), [reap = reap_](Generation* gone) { reap(gone); }};
}

std::vector<base::Result<void>> Reconciler::initialise(const std::vector<GenerationPtr>& generations) {
  std::vector<base::Result<void>> outcomes;
  while (outcomes.size() < generations.size()) {
    std::vector<std::shared_ptr<base::Result<void>>> slots;  // shared with hooks, one of which may overstay
    std::vector<runtime::ControlThread::Hook> hooks;
    for (auto i = outcomes.size(); i < generations.size(); ++i) {
      slots.push_back(std::make_shared<base::Result<void>>());
      hooks.push_back([generation = generations[i], slot = slots.back()] { *slot = generation->init(); });
    }
    const auto ended = control_.run_all(std::move(hooks), settings_.init_timeout);
    for (std::size_t i = 0; i < ended; ++i) outcomes.push_back(*slots[i]);
    if (ended < slots.size()) outcomes.push_back(give_up(*generations[outcomes.size()]));
  }
  return outcomes;
}

base::Result<void> Reconciler::give_up(Generation& generation) const {
  if (!generation.give_up()) {
    if (generation.state() == runtime::GenerationState::active) return {};
    return base::Error{base::ErrorCode::unknown, "init failed just as its time was up; touch its file to try again"};
  }
  return base::Error{base::ErrorCode::deadline_exceeded,
                     "init did not return within " + std::to_string(settings_.init_timeout.count()) +
                         " ms and was given up; its thread stays stuck until the host restarts. Mend the plugin, or "
                         "raise init_timeout_ms"};
}

Reconciler::Attempt& Reconciler::remember_failure(const runtime::GenerationSpec& spec, std::string reason) {
  const auto& manifest = *spec.manifest;
  telemetry::log(Level::error, "release", "plugin failed to start",
                 {{"plugin", manifest.name}, {"version", manifest.version.to_string()}, {"reason", reason}});
  return failed_[manifest.name] = {.sha256 = spec.sha256,
                                   .config_text = spec.config_text,
                                   .status = {.name = manifest.name,
                                              .version = manifest.version.to_string(),
                                              .generation = 0,
                                              .state = "failed",
                                              .reason = std::move(reason),
                                              .sha256 = spec.sha256}};
}

std::vector<GenerationPtr> Reconciler::in_order(const Set& set) const {
  std::vector<GenerationPtr> list;
  list.reserve(set.size());
  for (const auto& [name, generation] : set) list.push_back(generation);
  // The eldest first: of two that want the same route, who has it keeps it.
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a->number() < b->number(); });
  return list;
}

void Reconciler::settle_conflicts(Set& next) {
  // Each round takes at least one generation back or out, so that this ends.
  std::vector<std::string> left_out;
  for (;;) {
    std::vector<runtime::Service::Conflict> conflicts;
    for (auto* service : services_) {
      conflicts = service->check(in_order(next));
      if (!conflicts.empty()) break;
    }
    if (conflicts.empty()) return;
    // Those of the round before may get on with what will run now: they met some that will not.
    for (const auto& name : std::exchange(left_out, {})) {
      failed_.erase(name);
      look_again_ = Clock::now();
    }
    for (const auto& conflict : conflicts) {
      const auto& culprit = newest_of(conflict);
      const auto& name = culprit->name();
      const auto is_it = [&](const Unmet& unmet) { return unmet.name == name; };
      // Of one that only ran on because of a fault, that fault is the reason.
      if (std::none_of(unmet_.begin(), unmet_.end(), is_it)) {
        remember_failure(culprit->spec(), conflict.message).conflict_in = pass_;
        left_out.push_back(name);
      }
      const auto old = running_.find(name);
      if (old != running_.end() && old->second != culprit) {
        next[name] = old->second;
      } else {
        next.erase(name);
      }
    }
  }
}

/// Of a consumer and providers that do not fit, the one that came last; who runs already has not brought it about.
const GenerationPtr& Reconciler::newest_of(const runtime::Service::Conflict& conflict) const {
  const auto* newest = &conflict.culprit;
  for (const auto& other : conflict.others) {
    const auto running = running_.find(other->name());
    const bool is_new = running == running_.end() || running->second != other;
    if (is_new && other->number() > (*newest)->number()) newest = &other;
  }
  return *newest;
}

void Reconciler::publish(Set next) {
  if (has_published_ && next == running_) return;
  publish_release(in_order(next));
  has_published_ = true;
  // Who failed for what others provide, or take, may get on with the new set.
  retry_conflicts();
  auto before = std::exchange(running_, std::move(next));
  for (const auto& [name, generation] : running_) {
    const auto old = before.find(name);
    if (old != before.end() && old->second == generation) continue;
    telemetry::log(
        Level::info, "release", old == before.end() ? "plugin started" : "plugin replaced",
        {{"plugin", name}, {"version", generation->version_text()}, {"generation", generation->number_text()}});
  }
  auto former = in_order(before);
  std::reverse(former.begin(), former.end());  // who was started last may rely on those before it
  for (const auto& generation : former) {
    const auto now = running_.find(generation->name());
    const bool is_replaced = now != running_.end();
    if (is_replaced && now->second == generation) continue;
    stop(generation, is_replaced ? "plugin's former generation stopped" : "plugin stopped");
  }
}

void Reconciler::publish_release(const std::vector<GenerationPtr>& generations) {
  auto built = contracts_.build(++last_release_, generations);
  for (const auto& remark : built.remarks) {
    if (std::find(remarks_.begin(), remarks_.end(), remark) != remarks_.end()) continue;
    telemetry::log(Level::warning, "release", "a contract is not used", {{"reason", remark}});
  }
  remarks_ = std::move(built.remarks);
  for (auto* service : services_) service->publish(built.release);
  std::erase_if(former_cones_, [](const auto& cone) { return cone.expired(); });
  if (release_) former_cones_.insert(former_cones_.end(), release_->cones().begin(), release_->cones().end());
  release_ = std::move(built.release);
}

/// "'slow' (generation 4)": where requests entered that may still reach a generation of a former release.
std::string Reconciler::holders_of(const Generation& generation) const {
  std::set<std::string> holders;
  for (const auto& weak : former_cones_) {
    const auto cone = weak.lock();
    if (!cone || !cone->reaches(generation)) continue;
    holders.insert("'" + cone->entry->name() + "' (generation " + cone->entry->number_text() + ")");
  }
  std::string text;
  for (const auto& holder : holders) text += (text.empty() ? "" : ", ") + holder;
  return text;
}

void Reconciler::retry_conflicts() {
  const auto is_due = [&](const auto& entry) {
    return entry.second.conflict_in != 0 && entry.second.conflict_in < pass_;  // those of this one met the new set
  };
  if (std::erase_if(failed_, is_due) > 0) look_again_ = Clock::now();
}

void Reconciler::stop(const GenerationPtr& generation, const char* reason) {
  telemetry::log(Level::info, "release", reason,
                 {{"plugin", generation->name()},
                  {"version", generation->version_text()},
                  {"generation", generation->number_text()}});
  run_stop_hook(generation);
  auto status = describe(*generation);
  status.state = "stopping";
  draining_.push_back(
      {.generation = generation, .status = std::move(status), .cut_at = Clock::now() + settings_.stop_timeout});
}

void Reconciler::run_stop_hook(const GenerationPtr& generation) {
  if (control_.run([generation] { generation->stop(); }, settings_.stop_timeout)) return;
  telemetry::log(Level::error, "release", "stop hook did not return in time; its thread stays stuck",
                 {{"plugin", generation->name()}, {"generation", generation->number_text()}});
}

void Reconciler::cut_overdue() {
  for (auto& entry : draining_) {
    if (entry.is_cut || Clock::now() < entry.cut_at) continue;
    const auto generation = entry.generation.lock();
    if (!generation) continue;
    telemetry::log(Level::warning, "release", "plugin did not drain in time; cutting what it holds open",
                   {{"plugin", generation->name()}, {"generation", generation->number_text()}});
    for (auto* service : services_) service->cut(*generation);
    entry.is_cut = true;
    entry.status.reason = "did not drain within its stop timeout";
  }
}

void Reconciler::retire(Generation* generation) {
  const std::shared_ptr<Generation> owned(generation);  // shared with a hook that may overstay
  for (auto* service : services_) service->forget(*owned);
  const auto is_unmapped = std::make_shared<bool>(true);
  const bool ended = control_.run([owned, is_unmapped] { *is_unmapped = owned->retire(); }, settings_.stop_timeout);
  const bool is_clean = ended && *is_unmapped;
  telemetry::log(is_clean ? Level::debug : Level::warning, "release",
                 !ended     ? "destroy hook did not return in time; its thread stays stuck"
                 : is_clean ? "generation retired"
                            : "generation retired, but its image stays mapped; `mortise check` says why",
                 {{"plugin", owned->name()}, {"generation", owned->number_text()}});
}

void Reconciler::stop_hooks() {
  auto list = in_order(running_);
  std::reverse(list.begin(), list.end());  // who was started last may rely on those before it
  for (const auto& generation : list) run_stop_hook(generation);
}

void Reconciler::let_go() { publish({}); }

std::size_t Reconciler::count_draining() {
  std::erase_if(draining_, [](const Draining& entry) { return entry.generation.expired(); });
  return draining_.size();
}

std::optional<Reconciler::Clock::time_point> Reconciler::next_look() const {
  auto next = look_again_;
  for (const auto& entry : draining_) {
    if (!entry.is_cut && (!next || entry.cut_at < *next)) next = entry.cut_at;
  }
  return next;
}

PluginStatus Reconciler::describe(const Generation& generation) {
  return {.name = generation.name(),
          .version = generation.version_text(),
          .generation = generation.number(),
          .state = to_string(generation.state()),
          .reason = {},
          .sha256 = generation.spec().sha256};
}

Status Reconciler::status() {
  count_draining();
  Status status{.plugins = {}, .files = records_};
  for (const auto& [name, generation] : running_) {
    status.plugins.push_back(describe(*generation));
    const auto is_it = [&running = name](const Unmet& unmet) { return unmet.name == running; };
    const auto unmet = std::find_if(unmet_.begin(), unmet_.end(), is_it);
    if (unmet != unmet_.end()) status.plugins.back().reason = "runs on as it was: " + unmet->reason;
  }
  for (const auto& [name, attempt] : failed_) status.plugins.push_back(attempt.status);
  for (const auto& unmet : unmet_) {
    if (running_.count(unmet.name) != 0) continue;
    status.plugins.push_back({.name = unmet.name,
                              .version = {},
                              .generation = 0,
                              .state = unmet.kind == Unmet::Kind::waiting ? "waiting" : "refused",
                              .reason = unmet.reason,
                              .sha256 = {}});
  }
  for (const auto& entry : draining_) {
    status.plugins.push_back(entry.status);
    const auto generation = entry.generation.lock();
    const auto holders = generation ? holders_of(*generation) : std::string();
    auto& reason = status.plugins.back().reason;
    if (!holders.empty()) reason += (reason.empty() ? "" : "; ") + std::string("held by requests inside ") + holders;
  }
  return status;
}

}  // namespace mortise::release
