// A release in the making: what it would run, why, and the one that is tried on a share of the requests first.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "release/control.hpp"
#include "release/desired.hpp"
#include "release/memory.hpp"
#include "release/trials.hpp"
#include "runtime/generation.hpp"
#include "runtime/generation_set.hpp"
#include "runtime/release.hpp"

namespace mortise::release {

/// What would run, each initialised and fit. Copies cost little.
struct Next {
  base::PersistentMap<runtime::GenerationPtr> generations;  // by plugin
  runtime::GenerationSet ages;                              // the same, the eldest first
  Members members;

  void put(const std::string& plugin, const runtime::GenerationPtr& generation, Member member) {
    erase(plugin);
    generations.put({plugin, generation});
    ages.put(runtime::GenerationRef(generation));
    members.put({plugin, std::move(member)});
  }
  void erase(const std::string& plugin) {
    const auto generation = generations.find(plugin);
    if (generation == generations.end()) return;
    ages.erase(generation->second->number());
    generations.erase(plugin);
    members.erase(plugin);
  }
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
