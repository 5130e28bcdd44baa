// From actual to desired: looks, plans, carries a plan out as one release, goes back to a former one. The runner calls
// it on the release thread and owns the waiting; here is only what happens when something has to change.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "release/attempt.hpp"
#include "release/control.hpp"
#include "release/desired.hpp"
#include "release/drains.hpp"
#include "release/handover.hpp"
#include "release/history.hpp"
#include "release/memory_alarms.hpp"
#include "release/observation.hpp"
#include "release/planner.hpp"
#include "release/probations.hpp"
#include "release/runner.hpp"
#include "release/starter.hpp"
#include "release/trials.hpp"
#include "runtime/contracts.hpp"
#include "runtime/control_thread.hpp"
#include "runtime/generation.hpp"
#include "telemetry/crash_mark.hpp"

namespace mortise::release {

class MemberFinder;

/// Release thread only; holds no lock. Invariant: a release is switched to whole or not at all, but for the first after
/// the host's start, which takes whoever starts: a broken plugin never keeps the host from serving.
class Reconciler {
 public:
  using Clock = std::chrono::steady_clock;

  Reconciler(RunnerSettings settings, std::unique_ptr<catalog::Catalog> catalog, runtime::Contracts& contracts,
             std::vector<runtime::Service*> services, base::Files& files, Starter::Reap reap,
             std::stop_token stopping = {});

  /// The first pass: brings the last release back, before anything new is tried. What differs from it is a release of
  /// its own, written down at once or by record_start(), until which the history stays as it was.
  enum class Record { now, later };
  void begin(Record record = Record::now);
  void record_start();
  /// Looks at the files, and unless the admin wants to be asked makes actual equal to desired.
  void pass();
  /// The next look asks for each file, whatever the kernel has told of them; see base::ChangeJournal.
  void distrust_files() noexcept;
  /// When to look again unasked; nullopt: only when woken.
  [[nodiscard]] std::optional<Clock::time_point> next_look() const { return look_again_; }
  /// What time brings: cuts what overstays, judges who is on trial. True when something came of it.
  bool do_chores();
  /// When there will be some; nullopt: nobody knows.
  [[nodiscard]] std::optional<Clock::time_point> next_chores() const;

  /// A process that runs an isolated plugin has crashed. True: its image is quarantined, and the next pass takes it
  /// out.
  bool count_worker(const telemetry::CrashMark& crash);

  // --- As Control says.
  Plan plan();
  Outcome apply(const std::string& who);
  base::Result<Outcome> rollback(std::optional<std::uint64_t> release, const std::string& who);
  base::Result<Outcome> pardon(const std::string& plugin, const std::string& who);
  base::Result<std::vector<HistoryEntry>> history(std::size_t limit);
  [[nodiscard]] Status status() const;

  /// Has calls between plugins counted for so long. `already_exists` while they are, `failed_precondition` while that
  /// would disturb a canary or a trial. What comes meanwhile and would be disturbed ends it early.
  struct BegunObservation {
    std::uint64_t number = 0;
    ObservationResult result;
  };
  base::Result<BegunObservation> begin_observation(std::chrono::milliseconds duration, const std::string& who);
  /// Of any, or of that one, if it goes on.
  void end_observation(const std::string& why_early);
  void end_observation(std::uint64_t number, const std::string& why_early);
  /// The host is stopping: its result is an error.
  void give_up_observation();

  /// Gives a canary up, which the next pass begins anew.
  void put_canary_off();

  Drains& drains() noexcept { return drains_; }
  /// Those of which something still runs: a request inside, or a hook that does not return.
  std::size_t left_behind();
  /// Runs every stop hook; what runs stays published.
  void stop_hooks();
  /// Publishes nothing and lets go of every generation.
  void let_go();

 private:
  using Set = base::PersistentMap<runtime::GenerationPtr>;

  void look();
  void set_limits(const Desired& desired);
  void contain(const runtime::Generation& generation) const;
  /// Closes the circuits of those that reach in `other` what is not in `one`: what failed may have been that, or what
  /// has been replaced by it.
  static void forgive_callers(const runtime::Release& one, const runtime::Release& other);
  config::LoadedPlugins load_configs();
  Desired desire_with(const Memory& memory);
  base::Result<void> check_ahead(const manifest::Manifest& manifest);
  Desired desire_now();
  [[nodiscard]] bool is_asked_for(const Failure& failure, const Desired& desired) const;
  void tell(const std::vector<Unmet>& unmet);

  // --- At the host's start (reconciler_begin.cpp, reconciler_recall.cpp, reconciler_crash.cpp).
  struct Former {
    Members members;
    Memory memory;  // as if they ran
    std::vector<StoredTrial> trials;
  };
  using FormerMembers = std::map<std::string, std::optional<Member>>;
  std::optional<History::Last> open_history(Record record);
  Former recall(Record record);
  void recall_failures(MemberFinder& finder, Memory& memory);
  std::optional<FormerMembers> recall_former(MemberFinder& finder, const StoredTrial& trial);
  void settle_crashes(Former& former);
  bool blame(Former& former, const telemetry::CrashMark& crash);
  enum class Crashed { host, worker };
  bool count(Memory& memory, const telemetry::CrashMark& crash, Crashed crashed);
  [[nodiscard]] config::OnCrash on_crash_of(const std::string& plugin);
  static std::string tell_of_quarantine(const Member& culprit, const std::string& what);
  bool mark_quarantined(const Member& culprit, const std::string& reason, Memory& memory);
  bool isolate(const Member& culprit, const std::string& reason, Memory& memory);
  bool write_isolation(const std::string& plugin, const Isolation& isolation);
  void note_isolated_runs();
  void isolate_former(Former& former, Record record);
  void write_former(Former& former, Members members, const std::string& cause, const std::string& why);
  std::optional<std::string> quarantine_stranded(const Member& member, const std::string& trouble);
  [[nodiscard]] bool is_stranded(const std::string& plugin, const std::string& sha256) const;
  static void leave_out_quarantined(Former& former);
  void rewind(Former& former, const FormerMembers& before, const Member& culprit, std::uint64_t release,
              const std::string& evidence);
  void resume_trials(const std::vector<StoredTrial>& trials, const Desired& desired);
  [[nodiscard]] std::vector<Trial::Subject> subjects_of(const StoredTrial& trial, const Desired& desired) const;
  std::vector<Wanted> choose_first(const Desired& desired, const Members& former) const;
  void start_first(const std::vector<Wanted>& first, Next& next);
  void settle_conflicts(Next& next);
  void record_first(const Members& members, const Former& former, const Desired& desired,
                    const std::vector<Wanted>& first);

  // --- Whole or not at all (reconciler_apply.cpp).
  Outcome carry_out(const Desired& desired, Plan plan, const Cause& cause);
  std::optional<std::string> prepare(const Desired& desired, const Plan& plan, bool needs_state, Next& next);
  std::optional<std::string> find_conflict(const Next& next);
  Outcome fail(Outcome outcome, const Desired& desired, std::string reason);
  void say_what_is_held_back();
  [[nodiscard]] bool is_held_back(const Plan& plan, const Desired& desired) const;
  base::Result<Members> resolve(const Identities& identities);
  base::Result<void> check_return(std::uint64_t release, const Members& members);
  static std::string explain_unchanged(std::uint64_t release, const Identities& identities, const Members& members);

  Outcome switch_to(Outcome outcome, const Desired& desired, const Cause& cause, Next next);

  // --- Before the switch, where that is asked for (reconciler_canary.cpp).
  [[nodiscard]] static std::optional<config::CanaryConfig> canary_of(const Plan& plan, const Desired& desired);
  Outcome begin_canary(Outcome outcome, const Desired& desired, const Cause& cause, const Next& next,
                       const config::CanaryConfig& wish);
  [[nodiscard]] bool is_canary(const Desired& desired);
  [[nodiscard]] bool is_canary_wanted(const Desired& desired) const;
  void say_what_waits(const Desired& desired);
  Outcome promote();
  void give_up_canary(const std::string& reason);
  Outcome turn_back(const std::string& who);
  bool judge_canary();
  void stop_canary(const Canary& canary);
  [[nodiscard]] std::vector<runtime::GenerationPtr> fresh_of(const Canary& canary) const;
  void report_canary(std::vector<PluginStatus>& plugins) const;

  // --- After the switch (reconciler_trial.cpp).
  [[nodiscard]] FormerMembers former_of(const Plan& plan) const;
  [[nodiscard]] Trial make_trial(const Plan& plan, const Desired& desired, const Next& next, bool is_on_trial) const;
  void revert(const Trials::Verdict& verdict);
  void hold_former(const FormerMembers& former, const std::string& culprit, const std::string& reason, Memory& memory);

  // --- While calls are observed (reconciler_observation.cpp).
  bool end_due_observation();
  void make_way_for(const Trial& trial);

  // --- Memory of those that run in the host process (reconciler_status.cpp).
  void follow_memory();
  void report_memory(const runtime::Generation& generation, PluginStatus& plugin) const;

  // --- Those that are isolated until they have proved themselves (reconciler_probation.cpp).
  void follow_probations();
  bool judge_probations();
  void move_inline(const Probations::Subject& subject);
  void note_passed(const std::string& plugin, const std::string& sha256, const std::string& reason);
  void report_placement(const runtime::Generation& generation, PluginStatus& plugin) const;

  /// What is said of a release that is rolled back.
  struct Judgement {
    std::string cause;   // for the history
    std::string reason;  // of what is not tried again, with the remedy
  };
  static Judgement judge(const Member& culprit, std::uint64_t release, const std::string& evidence);
  static Judgement judge_as_canary(const Member& culprit, std::uint64_t release, const std::string& evidence);
  bool mark(const Member& culprit, const std::string& reason, Memory& memory);
  [[nodiscard]] CrashStatus crashes_of(const PluginStatus& plugin) const;
  [[nodiscard]] std::string reason_why_kept(const std::string& plugin) const;

  const runtime::GenerationPtr& newest_of(const runtime::Service::Conflict& conflict) const;
  std::string remember_failed_start(const Wanted& wanted, const base::Error& error);
  void remember_failure(Member member, std::string reason, const runtime::Service::Conflict* conflict = nullptr);
  void publish(Next next);
  void publish_release(const runtime::GenerationSet& generations);
  void retry_after(const Plan& plan);

  RunnerSettings settings_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::optional<History> history_;  // none: cannot be used
  bool has_lost_history_ = false;   // and so an empty one does not mean that nothing ever ran
  runtime::Contracts& contracts_;
  std::vector<runtime::Service*> services_;  // contracts_ is the first
  base::Files& files_;
  config::PluginConfigs plugin_configs_;
  // At the start, what another thread makes of them while this one looks at the catalogue.
  std::future<config::LoadedPlugins> configs_ahead_;
  Desiring desiring_;
  Planner planner_;
  runtime::ControlThread control_;
  Starter starter_;
  Handover handover_;
  Drains drains_;
  Trials trials_;
  Probations probations_;
  MemoryAlarms memory_alarms_;
  std::optional<Canary> canary_;
  std::unique_ptr<Observation> observation_;  // null: nobody observes
  std::uint64_t last_observation_ = 0;
  std::stop_token stopping_;

  std::function<void()> record_start_;  // from begin() to record_start()
  bool has_published_ = false;
  Set running_;
  runtime::GenerationSet ages_;                                      // of running_
  Memory memory_;                                                    // its members are those of running_
  std::uint64_t number_ = 0;                                         // of the release that runs
  runtime::ReleasePtr release_;                                      // of running_
  std::unordered_map<std::string, config::PluginConfigPtr> limits_;  // whose limits are in force, by plugin
  std::set<std::string> probational_;                                // of limits_, those that are isolated first
  std::set<std::string> memory_limited_;                             // likewise, those with a limit of memory
  config::PluginConfigSet limited_;                                  // those that limits_ was last brought up to
  std::vector<Unmet> unmet_;
  Identities held_back_;     // what a failed release would have changed beside what failed
  Identities held_back_by_;  // what failed of it
  std::string held_back_why_;
  catalog::RecordSet records_;
  std::vector<std::string> told_;     // faults already logged, so that a pass does not repeat them
  std::vector<std::string> remarks_;  // of release_, logged likewise
  std::string scan_fault_;            // of the last look, logged likewise; empty: there was none
  std::optional<Clock::time_point> look_again_;
};

}  // namespace mortise::release
