// Keeps what runs equal to what is desired. One thread, the release thread, looks at the catalogue and at plugins.d
// whenever one of them has changed, starts the generations that are missing, lets every service publish the new
// set at one stroke, and stops and retires the generations that left it. Whatever fails leaves the rest running.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "catalog/catalog.hpp"
#include "config/config.hpp"
#include "release/control.hpp"
#include "release/status.hpp"
#include "runtime/contracts.hpp"
#include "runtime/generation.hpp"
#include "runtime/service.hpp"
#include "telemetry/crash_mark.hpp"

namespace mortise::release {

struct RunnerSettings {
  std::filesystem::path drop_directory;
  std::filesystem::path plugins_directory;
  std::filesystem::path state_directory;
  bool applies_by_itself = true;  // false: only when asked
  bool starts_paused = false;     // as after pause(): another host owns the state directory still
  std::chrono::milliseconds init_timeout{10000};
  std::chrono::milliseconds stop_timeout{10000};
  std::uint64_t left_mapped_limit = 32;                    // images that stay mapped; past it the admin is told
  config::OnCrash on_crash = config::OnCrash::isolate;     // of plugins that do not say
  std::vector<telemetry::CrashMark> crashes{};             // of host processes before this one, still to be judged
  std::function<void()> on_crashes_settled{};              // on the release thread: what follows from them is written
  decltype(runtime::GenerationSpec::stand_in) stand_in{};  // makes one, of a plugin that is placed so
};

/// Owned by the application. start() and stop() from one thread; wake(), look_at_everything(), tell_*() and what
/// Control has from any.
class Runner final : public Control {
 public:
  /// Called on the release thread within milliseconds of a change of the status; once for several that come together.
  using Observer = std::function<void(const Status&)>;

  /// `services` in the order in which they publish; they, `contracts` and `files` outlive the runner.
  Runner(RunnerSettings settings, std::unique_ptr<catalog::Catalog> catalog, runtime::Contracts& contracts,
         std::vector<runtime::Service*> services, base::Files& files, Observer observer);
  ~Runner() override;

  /// Called on the release thread once, when every enabled plugin runs or has failed; not when the stop comes before.
  using Begun = std::function<void()>;

  /// Starts the thread and returns; `begun` says when its first pass is done.
  void start(Begun begun);
  /// "Something has changed": makes the thread look again.
  void wake();
  /// As an admin asks for it: also at what the kernel does not tell of; see base::ChangeJournal.
  void look_at_everything();
  /// Something has changed that only the status tells of.
  void tell_changed();
  /// A process that runs an isolated plugin has crashed; the plugin is quarantined when that happens too often.
  void tell_crashed(const telemetry::CrashMark& crash);
  /// From its return to resume() nothing is written in the state directory but by plugins, nothing is applied, and the
  /// observer hears nothing: what runs, runs on, but for a canary, which is given up, and an observation, which ends
  /// early. Who asks for a change is told that the host is being replaced. Waits for a release that is under way, until
  /// the deadline or until it is to be given up; fails then, or when the stop has begun, and everything is as before.
  base::Result<void> pause(
      std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max(),
      std::stop_token giving_up = {});
  /// Looks at what has changed meanwhile, and tells the observer before it returns.
  base::Result<void> resume();
  /// Runs the stop hook of every generation; requests inside go on. A plugin that is just being started gets a moment
  /// to end its init.
  void begin_stop();
  /// Takes everything out of publication, retires what can be retired within the stop timeout, ends the thread.
  /// Returns the number of generations that had to be left behind: something of them still runs.
  std::size_t stop();

  // --- From Control. Each fails with `unavailable` once the stop has begun.
  base::Result<Plan> plan() override;
  base::Result<Outcome> apply(const std::string& who) override;
  base::Result<Outcome> rollback(std::optional<std::uint64_t> release, const std::string& who) override;
  base::Result<Outcome> pardon(const std::string& plugin, const std::string& who) override;
  base::Result<std::vector<HistoryEntry>> history(std::size_t limit) override;
  base::Result<Status> status() override;
  base::Result<ObservationReport> observe(std::chrono::milliseconds duration, const std::string& who,
                                          const std::function<bool()>& is_wanted) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mortise::release
