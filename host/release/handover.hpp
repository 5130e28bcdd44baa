// Between a generation whose init has ended and the switch to it: it takes over what its predecessor knows, and says
// whether it is fit. And after the switch: what the predecessor has learnt meanwhile.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "runtime/control_thread.hpp"
#include "runtime/generation.hpp"

namespace mortise::release {

/// Release thread only.
class Handover {
 public:
  /// `limit` bounds what one pair takes. `control` outlives it. When `stopping` is requested, a hook that runs gets a
  /// moment more and the others do not begin.
  Handover(std::chrono::milliseconds limit, runtime::ControlThread& control, std::stop_token stopping)
      : limit_(limit), control_(control), stopping_(std::move(stopping)) {}

  struct Pair {
    runtime::GenerationPtr fresh;
    runtime::GenerationPtr former;  // what it will replace, and serves on until then; null: nothing
    bool needs_state = true;        // false: it serves also when it cannot take over what the former one knows
  };
  /// One result for each, in their order: all are tried. Why one must not be switched to is said for the admin.
  std::vector<base::Result<void>> prepare(const std::vector<Pair>& pairs);

  /// From one inside which nothing runs any more to the one that serves now. Failures go to the log.
  void hand_over_rest(const std::shared_ptr<runtime::Generation>& gone, const runtime::GenerationPtr& heir);

 private:
  std::chrono::milliseconds limit_;
  runtime::ControlThread& control_;
  std::stop_token stopping_;
};

}  // namespace mortise::release
