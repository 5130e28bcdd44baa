// What a release would change, and why: desired minus actual. Values alone; nothing is changed by planning.
#pragma once

#include <string>
#include <vector>

namespace mortise::release {

/// One plugin's part of a plan.
struct Step {
  /// rebuild: the same version, other bytes. reconfigure: the same image, another config or placement.
  enum class Kind { start, upgrade, downgrade, rebuild, reconfigure, stop };
  Kind kind = Kind::start;
  std::string plugin;
  std::string from_version;  // empty: it does not run
  std::string to_version;    // empty: it will not run
  std::string from_sha256;
  std::string to_sha256;
  std::string reason;                  // "/opt/mortise/lib/mortise/plugins/hello-1.1.so was dropped"
  std::vector<std::string> contracts;  // that it begins ("+ rates/1"), ceases ("- rates/1"), or goes on to provide
                                       // from another image ("~ rates/1")
  std::vector<std::string> affected;   // plugins that call it, directly or through others; by name
};
const char* to_string(Step::Kind kind);

/// What the admin has asked for and will not get.
struct Refusal {
  std::string plugin;
  std::string reason;          // what is wrong and what to do
  std::string exhibit;         // whole lines that show it, or empty: two signatures, one below the other
  bool keeps_running = false;  // as it was
};

struct Plan {
  std::vector<Step> steps;  // in the order of start, then those that stop
  std::vector<Refusal> refusals;

  [[nodiscard]] bool is_empty() const noexcept { return steps.empty(); }
};

}  // namespace mortise::release
