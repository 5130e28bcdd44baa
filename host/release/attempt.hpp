// A release in the making: what it would run, why, and the one that is tried on a share of the requests first.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "release/control.hpp"
#include "release/desired.hpp"
#include "release/memory.hpp"
#include "release/trials.hpp"
#include "runtime/generation.hpp"
#include "runtime/release.hpp"

namespace mortise::release {

/// What would run, each initialised and fit. Copies cost little.
struct Next {
  base::PersistentMap<runtime::GenerationPtr> generations;
  Members members;
};

/// Why a plan is carried out.
struct Cause {
  std::string who;
  std::string what;
  std::map<std::string, Hold> holds;  // in force when it was applied
  bool is_on_trial = true;            // what replaces another must prove itself; not where we go back
  bool must_come = false;             // also when it cannot be written down: what runs is worse
};

/// A release that gets a share of the requests, and is switched to when its time is over.
struct Canary {
  Next next;
  runtime::ReleasePtr release;  // of next
  Outcome outcome;
  Desired desired;
  Cause cause;
  std::chrono::steady_clock::time_point until;
  std::map<std::string, Hold> former_holds;  // of an apply: in force again when it is given up
  std::string share;                         // "5 % of the requests until 2026-11-26T17:40:12Z"
  Trials trials;
};

}  // namespace mortise::release
