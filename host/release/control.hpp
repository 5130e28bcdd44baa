// What an admin can ask of the running host about its releases. The runner implements it; the control API is its
// voice. Calls come from any thread, are served one after the other on the release thread, and wait for their answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "release/observation.hpp"
#include "release/plan.hpp"
#include "release/status.hpp"

namespace mortise::release {

/// What came of an attempt to change something.
struct Outcome {
  /// failed: what ran runs on exactly as before. unchanged: there was nothing to do. canary: it has a share of the
  /// requests, and is switched to when its time is over.
  enum class Result { applied, unchanged, failed, canary };
  Result result = Result::unchanged;
  std::uint64_t release = 0;  // of this attempt; unchanged: the one that runs
  Plan plan;                  // what was to be changed
  std::string reason;         // failed: who, what, and what to do; canary: which share, and until when
};
const char* to_string(Outcome::Result result);

/// One attempt of the past, newest last.
struct HistoryEntry {
  std::uint64_t release = 0;
  std::string time;    // "2026-11-26T09:20:31.004Z", when it began
  std::string who;     // "root (uid 0)", "the host"
  std::string what;    // "start", "automatic apply", "apply", "rollback to release 4"
  std::string result;  // "applied", "failed", "interrupted": the host ended in the middle; "applying"
  std::string reason;  // failed: why
  struct Change {
    std::string plugin;
    std::string from_version;  // empty: it did not run
    std::string to_version;    // empty: it does not run any more
    std::string kind;          // of Step: "upgrade"
  };
  std::vector<Change> changes;
};

class Control {
 public:
  virtual ~Control() = default;

  /// What apply() would do now.
  virtual base::Result<Plan> plan() = 0;
  /// Switches to a canary that is what is desired. Else makes actual equal to desired, as one release, also where a
  /// rollback held that back. Goes on without what has failed before; when there is nothing else to do, that is tried
  /// again. `who` is for the history.
  virtual base::Result<Outcome> apply(const std::string& who) = 0;
  /// Goes back to the plugins and configs of a release that was applied once; none: to the one before the current.
  /// A canary is given up; without a number that is all. Fails with `not_found` for a release that there never was,
  /// `failed_precondition` where there is none to go to.
  virtual base::Result<Outcome> rollback(std::optional<std::uint64_t> release, const std::string& who) = 0;
  /// Takes the marks off a plugin's versions that did not pass their trial, and applies. `not_found`: it has none.
  virtual base::Result<Outcome> pardon(const std::string& plugin, const std::string& who) = 0;
  /// The newest `limit` attempts, the newest last.
  virtual base::Result<std::vector<HistoryEntry>> history(std::size_t limit) = 0;
  virtual base::Result<Status> status() = 0;
  /// Has calls between plugins counted for so long, and waits for that on the caller's thread: others are served
  /// meanwhile. It ends early when `is_wanted`, which is asked now and then, says no, and where it would disturb a
  /// canary, a trial or a host's upgrade, as the report then tells. `invalid_argument`: too short or too long;
  /// `already_exists`: another one goes on; `failed_precondition`: it would disturb what goes on.
  virtual base::Result<ObservationReport> observe(std::chrono::milliseconds duration, const std::string& who,
                                                  const std::function<bool()>& is_wanted) = 0;

  Control() = default;
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
};

}  // namespace mortise::release
