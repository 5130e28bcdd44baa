// A while in which calls between plugins are counted: what comes of them, and of the requests that were answered
// meanwhile. It ends by itself, and earlier where going on would disturb something else.
#pragma once

#include <chrono>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "release/status.hpp"
#include "runtime/generation.hpp"
#include "runtime/generation_set.hpp"
#include "runtime/observed_calls.hpp"

namespace mortise::release {

/// How long one may last.
inline constexpr std::chrono::milliseconds kShortestObservation{100};
inline constexpr std::chrono::minutes kLongestObservation{10};

/// What was seen.
struct ObservationReport {
  struct Plugin {
    PluginStatus status;         // as it runs at the end
    std::uint64_t requests = 0;  // to its own routes that were answered, of all its versions
  };
  std::chrono::milliseconds window{0};
  std::string ended_early;      // why; empty: it lasted as long as it was to
  std::vector<Plugin> plugins;  // that run at the end, by name
  std::uint64_t requests = 0;   // of all plugins, also of those that do not run any more
  std::vector<runtime::ObservedPair> calls;
  std::vector<runtime::UnobservedPair> unobserved;
};

/// Comes when the observation is over; an error when the host stops before that.
using ObservationResult = std::shared_future<base::Result<ObservationReport>>;

/// Release thread only. Holds no generation. Whoever has begun it calls end() or give_up() once.
class Observation {
 public:
  using Clock = std::chrono::steady_clock;

  Observation(std::uint64_t number, std::chrono::milliseconds duration);

  /// Tells it from those before and after it.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] const std::shared_ptr<runtime::ObservedCalls>& calls() const noexcept { return calls_; }
  [[nodiscard]] ObservationResult result() const { return result_; }
  [[nodiscard]] Clock::time_point until() const noexcept { return until_; }

  /// These are about to be published: from now on their requests are counted, too.
  void follow(const runtime::GenerationSet& generations);
  /// It is published: from now on what runs is as it is to be seen.
  void begin();
  /// What was seen up to now; `running` are the plugins that run.
  [[nodiscard]] ObservationReport report(const std::vector<PluginStatus>& running,
                                         const std::string& ended_early) const;
  void end(ObservationReport report) { ended_.set_value(std::move(report)); }
  void give_up(base::Error error) { ended_.set_value(std::move(error)); }

 private:
  struct Counted {
    std::string plugin;
    std::shared_ptr<const runtime::Traffic> traffic;
    std::uint64_t before = 0;
  };

  const std::uint64_t number_;
  const std::chrono::milliseconds duration_;
  const std::shared_ptr<runtime::ObservedCalls> calls_ = std::make_shared<runtime::ObservedCalls>();
  std::promise<base::Result<ObservationReport>> ended_;
  const ObservationResult result_ = ended_.get_future().share();
  Clock::time_point begun_;
  Clock::time_point until_;
  std::map<std::uint64_t, Counted> counted_;  // by the generation's number
};

}  // namespace mortise::release
