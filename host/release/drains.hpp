// Generations on their way out: their stop hook, the time that they get, and their end.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "release/status.hpp"
#include "runtime/control_thread.hpp"
#include "runtime/generation.hpp"
#include "runtime/release.hpp"

namespace mortise::release {

/// Release thread only.
class Drains {
 public:
  using Clock = std::chrono::steady_clock;

  /// `services` and `control` outlive it.
  Drains(std::chrono::milliseconds stop_timeout, std::vector<runtime::Service*> services,
         runtime::ControlThread& control)
      : stop_timeout_(stop_timeout), services_(std::move(services)), control_(control) {}

  /// Of a generation that is out of every publication. `why` is what the log says.
  void stop(const runtime::GenerationPtr& generation, const char* why);
  void run_stop_hook(const runtime::GenerationPtr& generation);
  /// Cuts what overstays its time.
  void cut_overdue();
  /// Destroys and unloads a generation that nobody holds any more, and frees it.
  void retire(runtime::Generation* generation);

  /// Some of its cones may be held still, and keep generations from going.
  void follow(const runtime::Release& former);
  /// Forgets those that nobody holds any more; the number of the others.
  std::size_t count();
  /// When the next one is to be cut.
  [[nodiscard]] std::optional<Clock::time_point> next_cut() const;
  /// Appends one for each.
  void report(std::vector<PluginStatus>& plugins) const;

 private:
  struct Draining {
    std::weak_ptr<runtime::Generation> generation;
    PluginStatus status;
    Clock::time_point cut_at;
    bool is_cut = false;
  };
  [[nodiscard]] std::string holders_of(const runtime::Generation& generation) const;

  std::chrono::milliseconds stop_timeout_;
  std::vector<runtime::Service*> services_;
  runtime::ControlThread& control_;
  std::vector<Draining> draining_;
  std::vector<std::weak_ptr<const runtime::Cone>> former_cones_;
};

/// What status says of a generation.
PluginStatus describe(const runtime::Generation& generation);

}  // namespace mortise::release
