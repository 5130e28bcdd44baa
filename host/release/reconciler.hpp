// From actual to desired: looks, plans, carries a plan out as one release, goes back to a former one. The runner calls
// it on the release thread and owns the waiting; here is only what happens when something has to change.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "release/control.hpp"
#include "release/desired.hpp"
#include "release/drains.hpp"
#include "release/history.hpp"
#include "release/runner.hpp"
#include "release/starter.hpp"
#include "runtime/contracts.hpp"
#include "runtime/control_thread.hpp"
#include "runtime/generation.hpp"

namespace mortise::release {

/// Release thread only; holds no lock. Invariant: a release is switched to whole or not at all, but for the first after
/// the host's start, which takes whoever starts: a broken plugin never keeps the host from serving.
class Reconciler {
 public:
  using Clock = std::chrono::steady_clock;

  Reconciler(RunnerSettings settings, std::unique_ptr<catalog::Catalog> catalog, runtime::Contracts& contracts,
             std::vector<runtime::Service*> services, base::Files& files, Starter::Reap reap);

  /// The first pass: brings the last release back, before anything new is tried. What differs from it is a release of
  /// its own, written down at once or by record_start(), until which the history stays as it was.
  enum class Record { now, later };
  void begin(Record record = Record::now);
  void record_start();
  /// Looks at the files, and unless the admin wants to be asked makes actual equal to desired.
  void pass();
  /// When to look again unasked; nullopt: only when woken.
  [[nodiscard]] std::optional<Clock::time_point> next_look() const;

  // --- As Control says.
  Plan plan();
  Outcome apply(const std::string& who);
  base::Result<Outcome> rollback(std::optional<std::uint64_t> release, const std::string& who);
  base::Result<std::vector<HistoryEntry>> history(std::size_t limit);
  [[nodiscard]] Status status();

  Drains& drains() noexcept { return drains_; }
  /// Runs every stop hook; what runs stays published.
  void stop_hooks();
  /// Publishes nothing and lets go of every generation.
  void let_go();

 private:
  using Set = std::map<std::string, runtime::GenerationPtr>;
  /// A release in the making.
  struct Next {
    Set generations;
    Members members;
  };

  void open_history();
  void look();
  Desired desire_with(const Memory& memory);
  Desired desire_now();
  void tell(const std::vector<Unmet>& unmet);

  // --- At the host's start (reconciler_begin.cpp).
  struct Former {
    Members members;
    Memory memory;  // as if they ran
  };
  Former recall();
  std::vector<Wanted> choose_first(const Desired& desired, const Members& former) const;
  void start_first(const std::vector<Wanted>& first, Next& next);
  void settle_conflicts(Next& next);
  void record_first(const Members& members, const Former& former, const Desired& desired,
                    const std::vector<Wanted>& first);

  // --- Whole or not at all (reconciler_apply.cpp).
  Outcome carry_out(const Desired& desired, Plan plan, const std::string& who, const std::string& what,
                    const std::map<std::string, Hold>& holds);
  std::optional<std::string> prepare(const Desired& desired, const Plan& plan, Next& next);
  std::optional<std::string> find_conflict(const Next& next);
  Outcome fail(Outcome outcome, const Desired& desired, std::string reason);
  void say_what_is_held_back();
  [[nodiscard]] bool is_held_back(const Plan& plan, const Desired& desired) const;
  base::Result<Members> resolve(const Identities& identities);

  const runtime::GenerationPtr& newest_of(const runtime::Service::Conflict& conflict) const;
  void remember_failure(Member member, std::string reason, const runtime::Service::Conflict* conflict = nullptr);
  void publish(Next next);
  void publish_release(const std::vector<runtime::GenerationPtr>& generations);
  void retry_after(const Plan& plan);
  [[nodiscard]] static std::vector<runtime::GenerationPtr> in_order(const Set& set);

  RunnerSettings settings_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::optional<History> history_;  // none: cannot be used
  runtime::Contracts& contracts_;
  std::vector<runtime::Service*> services_;  // contracts_ is the first
  base::Files& files_;
  runtime::ControlThread control_;
  Starter starter_;
  Drains drains_;

  std::function<void()> record_start_;  // from begin() to record_start()
  bool has_published_ = false;
  Set running_;
  Memory memory_;                // its members are those of running_
  std::uint64_t number_ = 0;     // of the release that runs
  runtime::ReleasePtr release_;  // of running_
  std::vector<Unmet> unmet_;
  Identities held_back_;     // what a failed release would have changed beside what failed
  Identities held_back_by_;  // what failed of it
  std::string held_back_why_;
  std::vector<catalog::RecordPtr> records_;
  std::vector<std::string> told_;     // faults already logged, so that a pass does not repeat them
  std::vector<std::string> remarks_;  // of release_, logged likewise
  std::optional<Clock::time_point> look_again_;
};

}  // namespace mortise::release
