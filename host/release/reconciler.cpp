// Looking and telling; what the other reconciler_*.cpp stand on.
#include "release/reconciler.hpp"

#include <algorithm>
#include <utility>

#include "base/give_way.hpp"
#include "release/placement.hpp"
#include "release/planner.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {

using runtime::GenerationPtr;
using telemetry::Level;

namespace {

runtime::ContainmentLimits limits_of(const config::PluginConfig& plugin) {
  return {.concurrency = plugin.limits.concurrency,
          .queue = plugin.limits.queue,
          .deadline = plugin.limits.deadline,
          .threads = plugin.limits.threads,
          .log_lines = plugin.limits.log_lines,
          .circuit = {.requests = plugin.circuit.requests,
                      .max_error_percent = plugin.circuit.max_error_percent,
                      .window = plugin.circuit.window,
                      .open_for = plugin.circuit.open_for,
                      .probes = plugin.circuit.probes}};
}

std::vector<runtime::Service*> with_contracts(runtime::Contracts& contracts, std::vector<runtime::Service*> services) {
  services.insert(services.begin(), &contracts);
  return services;
}

/// Erases the holds that are over, and those that stand with them; true when there were some of these.
bool lift_holds(const std::vector<std::string>& lifted, std::map<std::string, Hold>& holds) {
  std::size_t others = 0;
  for (const auto& name : lifted) {
    holds.erase(name);
    others += std::erase_if(holds, [&](const auto& entry) { return entry.second.together == name; });
  }
  return others > 0;
}

}  // namespace

Reconciler::Reconciler(RunnerSettings settings, std::unique_ptr<catalog::Catalog> catalog,
                       runtime::Contracts& contracts, std::vector<runtime::Service*> services, base::Files& files,
                       Starter::Reap reap, std::stop_token stopping)
    : settings_(std::move(settings)),
      catalog_(std::move(catalog)),
      contracts_(contracts),
      services_(with_contracts(contracts, std::move(services))),
      files_(files),
      plugin_configs_(settings_.plugins_directory, files),
      starter_((settings_.state_directory / "data" / "").string(), settings_.init_timeout, services_, files, control_,
               settings_.stand_in, std::move(reap), stopping),
      handover_(settings_.init_timeout, control_, stopping),
      drains_(settings_.stop_timeout, settings_.left_mapped_limit, services_, control_, handover_),
      stopping_(std::move(stopping)) {}

void Reconciler::look() {
  look_again_.reset();
  auto scan = catalog_->scan();
  base::give_way();
  const auto fault = scan ? std::string() : scan.error().message;
  if (!scan && fault != scan_fault_) {
    telemetry::log(Level::error, "catalog", "cannot scan the drop directory", {{"reason", fault}});
  }
  scan_fault_ = fault;
  if (!scan) {
    look_again_ = Clock::now() + std::chrono::seconds(1);
    return;
  }
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
}

void Reconciler::distrust_files() noexcept {
  catalog_->distrust();
  plugin_configs_.distrust();
  // Nor what follows from them.
  desiring_ = {};
  planner_ = {};
}

config::LoadedPlugins Reconciler::load_configs() {
  if (!configs_ahead_.valid()) return plugin_configs_.load();
  return configs_ahead_.get();
}

Desired Reconciler::desire_with(const Memory& memory) {
  const auto configs = load_configs();
  base::give_way();
  auto desired = desiring_.desire(configs, records_, settings_.drop_directory, memory,
                                  [this](const manifest::Manifest& manifest) { return check_ahead(manifest); });
  base::give_way();
  return desired;
}

/// Of a version that does not run: whether a service knows that it cannot start.
base::Result<void> Reconciler::check_ahead(const manifest::Manifest& manifest) {
  for (auto* service : services_) {
    const auto may_start = service->check_ahead(manifest);
    if (may_start) continue;
    return base::Error{may_start.error().code, "plugin '" + manifest.name + "' " + manifest.version.to_string() + ": " +
                                                   may_start.error().message};
  }
  return {};
}

/// Also forgets what is over: holds that something else has replaced, failures that nothing asks for any more.
Desired Reconciler::desire_now() {
  auto desired = desire_with(memory_);
  while (lift_holds(desired.lifted, memory_.holds)) desired = desire_with(memory_);
  for (auto& [name, failures] : memory_.failures) {
    std::erase_if(failures,
                  [&](const Failure& failure) { return !failure.is_marked && !is_asked_for(failure, desired); });
  }
  std::erase_if(memory_.failures, [](const auto& entry) { return entry.second.empty(); });
  tell(desired.unmet);
  unmet_ = desired.unmet;
  return desired;
}

/// Whether what failed might be chosen if it had not: also when a better one is chosen now, which may fail as well.
bool Reconciler::is_asked_for(const Failure& failure, const Desired& desired) const {
  const auto& name = failure.member.record->manifest->name;
  const auto is_it = [&](const Unmet& unmet) {
    return unmet.kind == Unmet::Kind::failed && unmet.name == name &&
           unmet.record->sha256 == failure.member.record->sha256;
  };
  if (std::any_of(desired.unmet.begin(), desired.unmet.end(), is_it)) return true;
  const auto choice = desired.choices.find(name);
  if (choice == desired.choices.end()) return false;
  // Of a move inline, which is what is asked for of one that has passed its probation.
  const bool is_move =
      choice->config->isolated_first > 0 && inline_settings_of(choice->member()) == failure.member.config_text;
  if (!is_move && settings_text(*choice->config) != failure.member.config_text) return false;
  return std::any_of(records_.begin(), records_.end(), [&](const catalog::RecordPtr& record) {
    return record->state == catalog::FileState::verified && record->sha256 == failure.member.record->sha256;
  });
}

void Reconciler::tell(const std::vector<Unmet>& unmet) {
  std::vector<std::string> faults;
  for (const auto& one : unmet) {
    if (one.kind == Unmet::Kind::failed) continue;  // said when it failed
    faults.push_back(one.name + ": " + one.reason);
    if (std::find(told_.begin(), told_.end(), faults.back()) != told_.end()) continue;
    telemetry::log(Level::warning, "release", "an enabled plugin cannot run as desired",
                   {{"plugin", one.name}, {"reason", one.reason}});
  }
  told_ = std::move(faults);
}

Plan Reconciler::plan() {
  look();
  const auto desired = desire_now();
  auto plan = planner_.plan(desired, memory_.running);
  if (canary_) {
    say_what_waits(desired);
  } else if (is_held_back(plan, desired)) {
    say_what_is_held_back();
  }
  if (!canary_ || !is_canary_wanted(desired)) return plan;
  const auto& brought = canary_->outcome.plan.steps;
  const auto release = "release " + std::to_string(canary_->outcome.release);
  for (auto& step : plan.steps) {
    const bool is_brought =
        std::any_of(brought.begin(), brought.end(), [&](const Step& other) { return other.plugin == step.plugin; });
    step.reason += is_brought ? "; it has " + canary_->share + " already, as " + release : "; it waits for " + release;
  }
  return plan;
}

void Reconciler::pass() {
  look();
  const auto desired = desire_now();
  if (settings_.applies_by_itself) set_limits(desired);
  if (canary_ && (is_canary_wanted(desired) || !settings_.applies_by_itself)) {
    say_what_waits(desired);
    return;
  }
  if (canary_) give_up_canary("it was given up: something else is asked for");
  auto plan = planner_.plan(desired, memory_.running);
  if (is_held_back(plan, desired)) {
    say_what_is_held_back();
    return;
  }
  held_back_.clear();
  if (plan.is_empty() || !settings_.applies_by_itself) return;
  carry_out(desired, std::move(plan), {.who = "the host", .what = "automatic apply", .holds = memory_.holds});
}

/// At once, also where a release with it fails: what keeps a plugin's trouble its own does not wait for others.
void Reconciler::set_limits(const Desired& desired) {
  const auto canaries = canary_ ? fresh_of(*canary_) : std::vector<GenerationPtr>();
  for_each_difference(limited_, desired.enabled, [&](const auto* /*before*/, const auto* after) {
    if (after == nullptr) return;  // what it had stays in force
    const auto& name = (*after)->name;
    limits_.insert_or_assign(name, *after);
    const auto list = [&](std::set<std::string>& names, bool is_one) {
      if (is_one) {
        names.insert(name);
      } else {
        names.erase(name);
      }
    };
    list(probational_, (*after)->isolated_first > 0);
    list(memory_limited_, (*after)->sandbox.memory_bytes > 0);
    const auto running = running_.find(name);
    if (running != running_.end()) contain(*running->second);
    for (const auto& canary : canaries) {
      if (canary->name() == name) contain(*canary);
    }
  });
  limited_ = desired.enabled;
  follow_probations();
  follow_memory();
}

/// Without a file that says otherwise the defaults hold.
void Reconciler::contain(const runtime::Generation& generation) const {
  const auto config = limits_.find(generation.name());
  if (config != limits_.end()) generation.containment().set(limits_of(*config->second));
}

/// Of a consumer and providers that do not fit, the one that came last; who runs already has not brought it about.
/// Before all, one that has been isolated, and fits them where it was before.
const GenerationPtr& Reconciler::newest_of(const runtime::Service::Conflict& conflict) const {
  const auto* newest = &conflict.culprit;
  const auto is_meant = [&](const GenerationPtr& one) { return is_stranded(one->name(), one->spec().sha256); };
  if (is_meant(conflict.culprit)) return conflict.culprit;
  if (const auto found = std::find_if(conflict.others.begin(), conflict.others.end(), is_meant);
      found != conflict.others.end()) {
    return *found;
  }
  for (const auto& other : conflict.others) {
    const auto running = running_.find(other->name());
    const bool is_new = running == running_.end() || running->second != other;
    if (is_new && other->number() > (*newest)->number()) newest = &other;
  }
  return *newest;
}

/// Returns what the admin is told: who did not start, why, and what to do.
std::string Reconciler::remember_failed_start(const Wanted& wanted, const base::Error& error) {
  auto reason = "plugin '" + wanted.name() + "' " + wanted.record->manifest->version.to_string() + ": " + error.message;
  if (stopping_.stop_requested()) return reason;  // the plugin is not to blame
  if (auto told = quarantine_stranded(wanted.member(), error.message)) return *told;
  const auto file = settings_.plugins_directory / (wanted.name() + ".json");
  reason += "; mend the plugin or its config in " + file.string() + ": it is tried again when either changes";
  remember_failure(wanted.member(), reason);
  return reason;
}

void Reconciler::remember_failure(Member member, std::string reason, const runtime::Service::Conflict* conflict) {
  if (quarantine_stranded(member, reason)) return;
  const auto& manifest = *member.record->manifest;
  telemetry::log(Level::error, "release", "plugin failed to start",
                 {{"plugin", manifest.name}, {"version", manifest.version.to_string()}, {"reason", reason}});
  Failure failure{.member = std::move(member), .reason = std::move(reason), .against = {}};
  if (conflict != nullptr) {
    for (const auto& other : conflict->others) failure.against.push_back(other->name());
    if (conflict->culprit->name() != manifest.name) failure.against.push_back(conflict->culprit->name());
  }
  memory_.failures[manifest.name].push_back(std::move(failure));
}

/// Who did not fit one of those that have changed may get on with the new set.
void Reconciler::retry_after(const Plan& plan) {
  const auto has_changed = [&](const std::string& name) {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [&](const Step& step) { return step.plugin == name; });
  };
  for (auto& [name, failures] : memory_.failures) {
    const auto is_due = [&](const Failure& failure) {
      return !failure.is_marked && std::any_of(failure.against.begin(), failure.against.end(), has_changed);
    };
    if (std::erase_if(failures, is_due) > 0) look_again_ = Clock::now();
  }
}

void Reconciler::stop_hooks() {
  std::vector<GenerationPtr> list;
  for (const auto& one : ages_) list.push_back(one.lock());
  if (canary_) {
    for (const auto& generation : fresh_of(*canary_)) list.push_back(generation);
  }
  std::reverse(list.begin(), list.end());  // who was started last may rely on those before it
  for (const auto& generation : list) drains_.run_stop_hook(generation);
}

std::size_t Reconciler::left_behind() {
  // Who is stuck in its stop hook is among both; whose init or destroy is stuck, only among the threads.
  return std::max(drains_.count(), control_.stuck());
}

void Reconciler::let_go() {
  trials_.clear();
  give_up_observation();
  if (canary_) give_up_canary("the host was stopped before the switch");
  publish({});
}

}  // namespace mortise::release
