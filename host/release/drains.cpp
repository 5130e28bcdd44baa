#include "release/drains.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "telemetry/log.hpp"

namespace mortise::release {

using runtime::Generation;
using telemetry::Level;

PluginStatus describe(const Generation& generation) {
  auto process = generation.process();
  const auto late = process ? process->late_handlers : 0;
  return {.name = generation.name(),
          .version = generation.version_text(),
          .generation = generation.number(),
          .state = to_string(generation.state()),
          .reason = {},
          .sha256 = generation.spec().sha256,
          .containment = generation.containment().report(std::chrono::steady_clock::now(), late),
          .process = std::move(process),
          .remote = generation.remote_host()};
}

void Drains::stop(const runtime::GenerationPtr& generation, const runtime::GenerationPtr& heir) {
  telemetry::log(Level::info, "release", heir ? "plugin's former generation stopped" : "plugin stopped",
                 {{"plugin", generation->name()},
                  {"version", generation->version_text()},
                  {"generation", generation->number_text()}});
  run_stop_hook(generation);
  auto status = describe(*generation);
  status.state = "stopping";
  draining_.push_back({.generation = generation, .status = std::move(status), .cut_at = Clock::now() + stop_timeout_});
  pass_on(generation->number(), heir);
}

/// Also what others have left to it. Without an heir it is lost: whoever comes later begins anew.
void Drains::pass_on(std::uint64_t number, const runtime::GenerationPtr& heir) {
  const auto is_left_to_it = [&](const auto& entry) { return entry.second->number() == number; };
  if (!heir) {
    std::erase_if(heirs_, is_left_to_it);
    return;
  }
  for (auto& entry : heirs_) {
    if (is_left_to_it(entry)) entry.second = heir;
  }
  heirs_.emplace(number, heir);
}

void Drains::run_stop_hook(const runtime::GenerationPtr& generation) {
  if (control_.run([generation] { generation->stop(); }, stop_timeout_)) return;
  telemetry::log(Level::error, "release", "stop hook did not return in time; its thread stays stuck",
                 {{"plugin", generation->name()}, {"generation", generation->number_text()}});
}

bool Drains::cut_overdue() {
  bool has_cut = false;
  for (auto& entry : draining_) {
    if (entry.is_cut || Clock::now() < entry.cut_at) continue;
    const auto generation = entry.generation.lock();
    if (!generation) continue;
    telemetry::log(Level::warning, "release", "plugin did not drain in time; cutting what it holds open",
                   {{"plugin", generation->name()}, {"generation", generation->number_text()}});
    for (auto* service : services_) service->cut(*generation);
    entry.is_cut = true;
    entry.status.reason = "did not drain within its stop timeout";
    has_cut = true;
  }
  return has_cut;
}

void Drains::retire(Generation* generation) {
  const std::shared_ptr<Generation> owned(generation);  // shared with a hook that may overstay
  end(owned);
  std::erase_if(draining_, [&](const Draining& entry) { return entry.status.generation == owned->number(); });
}

void Drains::end(const std::shared_ptr<Generation>& owned) {
  if (const auto heir = heirs_.extract(owned->number())) handover_.hand_over_rest(owned, heir.mapped());
  for (auto* service : services_) service->forget(*owned);
  const auto is_unmapped = std::make_shared<bool>(true);
  const bool ended = control_.run([owned, is_unmapped] { *is_unmapped = owned->retire(); }, stop_timeout_);
  if (ended && !*is_unmapped) {
    left_mapped_.add(*owned);
    return;
  }
  telemetry::log(ended ? Level::debug : Level::warning, "release",
                 ended ? "generation retired" : "destroy hook did not return in time; its thread stays stuck",
                 {{"plugin", owned->name()}, {"generation", owned->number_text()}});
}

void Drains::follow(const runtime::Release& former, const runtime::Release& next) {
  std::erase_if(former_cones_, [](const auto& cone) { return cone.expired(); });
  for_each_difference(former.cones(), next.cones(), [&](const runtime::ConePtr* before, const runtime::ConePtr*) {
    if (before != nullptr) former_cones_.emplace_back(*before);
  });
}

std::optional<Drains::Clock::time_point> Drains::next_cut() const {
  std::optional<Clock::time_point> next;
  for (const auto& entry : draining_) {
    if (!entry.is_cut && (!next || entry.cut_at < *next)) next = entry.cut_at;
  }
  return next;
}

void Drains::report(std::vector<PluginStatus>& plugins) const {
  for (const auto& entry : draining_) {
    plugins.push_back(entry.status);
    const auto generation = entry.generation.lock();
    if (generation) plugins.back().containment = describe(*generation).containment;
    const auto holders = generation ? holders_of(*generation) : std::string();
    auto& reason = plugins.back().reason;
    if (!holders.empty()) reason += (reason.empty() ? "" : "; ") + std::string("held by requests inside ") + holders;
  }
}

/// "'slow' (generation 4)": where requests entered that may still reach a generation of a former release.
std::string Drains::holders_of(const Generation& generation) const {
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

}  // namespace mortise::release
