// One step from actual to desired: starts, publishes, stops. The runner calls it on the release thread and owns the
// waiting; here is only what happens when something has to change.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "release/desired.hpp"
#include "release/runner.hpp"
#include "runtime/contracts.hpp"
#include "runtime/control_thread.hpp"
#include "runtime/generation.hpp"

namespace mortise::release {

/// Release thread only; holds no lock.
class Reconciler {
 public:
  using Clock = std::chrono::steady_clock;
  /// Takes over a generation that nobody holds any more; called on any thread, from the pointer's deleter.
  using Reap = std::function<void(runtime::Generation*)>;

  Reconciler(RunnerSettings settings, std::unique_ptr<catalog::Catalog> catalog, runtime::Contracts& contracts,
             std::vector<runtime::Service*> services, base::Files& files, Reap reap);

  /// Makes actual equal to desired as far as that is possible.
  void pass();
  /// When to look again unasked; nullopt: only when woken.
  [[nodiscard]] std::optional<Clock::time_point> next_look() const;
  /// Cuts what overstays its time to drain.
  void cut_overdue();
  /// Destroys and unloads a generation that nobody holds any more, and frees it.
  void retire(runtime::Generation* generation);

  /// Runs every stop hook; what runs stays published.
  void stop_hooks();
  /// Publishes nothing and lets go of every generation.
  void let_go();
  /// Forgets the stopped generations that nobody holds any more; returns the number of the others.
  std::size_t count_draining();

  [[nodiscard]] Status status();

 private:
  /// What was tried for a plugin and did not work; not tried again while it is the same.
  struct Attempt {
    std::string sha256;
    std::string config_text;
    PluginStatus status;
    std::uint64_t conflict_in = 0;  // the pass in which it did not fit the others; 0: it failed by itself
  };
  struct Draining {
    std::weak_ptr<runtime::Generation> generation;
    PluginStatus status;
    Clock::time_point cut_at;
    bool is_cut = false;
  };
  using Set = std::map<std::string, runtime::GenerationPtr>;

  Set choose_next(const Desired& desired);
  std::vector<runtime::GenerationPtr> start(const std::vector<const Wanted*>& wanted);
  runtime::GenerationPtr make(const Wanted& wanted);
  std::vector<base::Result<void>> initialise(const std::vector<runtime::GenerationPtr>& generations);
  base::Result<void> give_up(runtime::Generation& generation) const;
  void settle_conflicts(Set& next);
  [[nodiscard]] const runtime::GenerationPtr& newest_of(const runtime::Service::Conflict& conflict) const;
  void publish(Set next);
  void publish_release(const std::vector<runtime::GenerationPtr>& generations);
  void stop(const runtime::GenerationPtr& generation, const char* reason);
  void run_stop_hook(const runtime::GenerationPtr& generation);
  Attempt& remember_failure(const runtime::GenerationSpec& spec, std::string reason);
  void retry_conflicts();
  [[nodiscard]] std::string holders_of(const runtime::Generation& generation) const;
  [[nodiscard]] std::vector<runtime::GenerationPtr> in_order(const Set& set) const;
  static PluginStatus describe(const runtime::Generation& generation);

  RunnerSettings settings_;
  std::string data_root_;  // with the slash behind it
  std::unique_ptr<catalog::Catalog> catalog_;
  runtime::Contracts& contracts_;
  std::vector<runtime::Service*> services_;  // contracts_ is the first
  base::Files& files_;
  Reap reap_;
  runtime::ControlThread control_;

  std::uint64_t last_number_ = 0;
  std::set<std::string> images_;  // of which there were generations
  bool has_published_ = false;
  Set running_;
  runtime::ReleasePtr release_;  // of running_
  std::uint64_t last_release_ = 0;
  std::uint64_t pass_ = 0;
  std::vector<std::weak_ptr<const runtime::Cone>> former_cones_;  // of releases before it; some may be held still
  std::map<std::string, Attempt> failed_;
  std::vector<Unmet> unmet_;
  std::vector<Draining> draining_;
  std::vector<catalog::RecordPtr> records_;
  std::vector<std::string> told_;     // faults already logged, so that a pass does not repeat them
  std::vector<std::string> remarks_;  // of release_, logged likewise
  std::optional<Clock::time_point> look_again_;
};

}  // namespace mortise::release
