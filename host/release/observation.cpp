#include "release/observation.hpp"

namespace mortise::release {

Observation::Observation(std::uint64_t number, std::chrono::milliseconds duration)
    : number_(number), duration_(duration), begun_(Clock::now()), until_(begun_ + duration) {}

void Observation::follow(const runtime::GenerationSet& generations) {
  for (const auto& one : generations) {
    if (counted_.contains(one.number)) continue;
    const auto generation = one.lock();
    auto traffic = generation->watch(runtime::Traffic::Duration::max());
    const auto before = traffic->answers();
    counted_.emplace(one.number,
                     Counted{.plugin = generation->name(), .traffic = std::move(traffic), .before = before});
  }
}

void Observation::begin() {
  // What was answered while it was being published was hardly observed.
  for (auto& [number, counted] : counted_) counted.before = counted.traffic->answers();
  begun_ = Clock::now();
  until_ = begun_ + duration_;
}

ObservationReport Observation::report(const std::vector<PluginStatus>& running, const std::string& ended_early) const {
  ObservationReport report{.window = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun_),
                           .ended_early = ended_early,
                           .plugins = {},
                           .requests = 0,
                           .calls = calls_->report(),
                           .unobserved = calls_->unobserved()};
  std::map<std::string, std::uint64_t> requests;
  for (const auto& [number, counted] : counted_) {
    const auto answers = counted.traffic->answers() - counted.before;
    requests[counted.plugin] += answers;
    report.requests += answers;
  }
  for (const auto& plugin : running) report.plugins.push_back({.status = plugin, .requests = requests[plugin.name]});
  return report;
}

}  // namespace mortise::release
