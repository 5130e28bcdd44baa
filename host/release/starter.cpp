#include "release/starter.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "telemetry/log.hpp"

namespace mortise::release {

using runtime::Generation;
using runtime::GenerationPtr;

namespace {

/// What of it is called over HTTP.
std::set<std::string> exposed_by(const config::PluginConfig& config, const manifest::Manifest& manifest) {
  if (!config.expose.has_all) return config.expose.contracts;
  std::set<std::string> all;
  for (const auto& provided : manifest.provides) all.insert(provided.contract);
  return all;
}

/// The host is to stop while these start, one after the other.
void say_what_is_waited_for(const std::vector<GenerationPtr>& starting) {
  const auto is_in_init = [](const auto& one) { return one->state() == runtime::GenerationState::initialising; };
  const auto found = std::find_if(starting.begin(), starting.end(), is_in_init);
  if (found == starting.end()) return;
  telemetry::log(telemetry::Level::warning, "release", "stopping as soon as a plugin's init returns or its time is up",
                 {{"plugin", (*found)->name()},
                  {"generation", (*found)->number_text()},
                  {"time_left_ms", std::to_string(runtime::ControlThread::kLastWait.count())}});
}

}  // namespace

std::vector<base::Result<GenerationPtr>> Starter::start(const std::vector<const Wanted*>& wanted) {
  std::vector<base::Result<GenerationPtr>> results;
  std::vector<GenerationPtr> made;
  const auto root = files_.open_directory(data_root_);
  for (const auto* one : wanted) {
    results.push_back(make(*one, root));
    if (results.back()) made.push_back(*results.back());
  }
  const auto outcomes = initialise(made);
  auto outcome = outcomes.begin();
  for (auto& result : results) {
    if (!result) continue;
    if (!*outcome) result = outcome->error();
    ++outcome;
  }
  return results;
}

base::Result<void> Starter::make_data_directory(const DataRoot& root, const std::string& plugin) {
  constexpr mode_t kMode = 0700;
  return root ? files_.make_directory(*root, plugin, kMode) : files_.make_directory(data_root_ + plugin, kMode);
}

base::Result<GenerationPtr> Starter::make(const Wanted& wanted, const DataRoot& root) {
  runtime::GenerationSpec spec{.manifest = wanted.record->manifest,
                               .image = wanted.record->image,
                               .sha256 = wanted.record->sha256,
                               .config_text = wanted.config->config_text,
                               .data_directory = data_root_ + wanted.name(),
                               .exposed = exposed_by(*wanted.config, *wanted.record->manifest)};
  if (const auto made = make_data_directory(root, wanted.name()); !made) return made.error();
  if (wanted.config->placement != config::Placement::in_line) spec.stand_in = stand_in_;
  spec.remote = wanted.config->remote;
  if (wanted.config->placement == config::Placement::isolated) {
    spec.workers = wanted.config->workers;
    const auto& sandbox = wanted.config->sandbox;
    spec.confinement = {.is_required = sandbox.is_required,
                        .may_connect = sandbox.grants_network && spec.manifest->asks_for_network,
                        .memory_bytes = sandbox.memory_bytes,
                        .cpu_percent = sandbox.cpu_percent};
  }
  return hold(std::move(spec));
}

GenerationPtr Starter::hold(runtime::GenerationSpec spec) {
  return GenerationPtr{new Generation(++last_number_, std::move(spec), services_),
                       [reap = reap_](Generation* gone) { reap(gone); }};
}

std::vector<base::Result<void>> Starter::initialise(const std::vector<GenerationPtr>& generations) {
  const std::stop_callback on_stop(stopping_, [&] { say_what_is_waited_for(generations); });
  std::vector<std::shared_ptr<base::Result<void>>> slots;  // shared with hooks, one of which may overstay
  std::vector<runtime::ControlThread::Hook> hooks;
  for (const auto& generation : generations) {
    slots.push_back(std::make_shared<base::Result<void>>());
    hooks.push_back([generation, slot = slots.back()] { *slot = generation->init(); });
  }
  const auto ended = control_.run_each(std::move(hooks), init_timeout_, stopping_);
  std::vector<base::Result<void>> outcomes;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (ended[i]) {
      outcomes.push_back(*slots[i]);
    } else {
      outcomes.push_back(stopping_.stop_requested() ? cut_short(*generations[i]) : give_up(*generations[i]));
    }
  }
  return outcomes;
}

base::Result<void> Starter::cut_short(Generation& generation) {
  if (!generation.give_up() && generation.state() == runtime::GenerationState::active) return {};
  return base::Error{base::ErrorCode::aborted, "was not started to the end, since the host stops"};
}

base::Result<void> Starter::give_up(Generation& generation) const {
  if (!generation.give_up()) {
    if (generation.state() == runtime::GenerationState::active) return {};
    return base::Error{base::ErrorCode::unknown,
                       "init failed just as its time was up, so that what it said is lost; run `mortise apply` to try "
                       "again at once"};
  }
  return base::Error{base::ErrorCode::deadline_exceeded,
                     "init did not return within " + std::to_string(init_timeout_.count()) +
                         " ms and was given up, and its thread stays stuck until the host restarts; raise "
                         "init_timeout_ms if it only takes longer"};
}

}  // namespace mortise::release
