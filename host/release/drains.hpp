// Generations on their way out: their stop hook, the time that they get, and their end.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "release/handover.hpp"
#include "release/left_mapped.hpp"
#include "release/status.hpp"
#include "runtime/control_thread.hpp"
#include "runtime/generation.hpp"
#include "runtime/release.hpp"

namespace mortise::release {

/// Release thread only.
class Drains {
 public:
  using Clock = std::chrono::steady_clock;

  /// `services`, `control` and `handover` outlive it.
  Drains(std::chrono::milliseconds stop_timeout, std::uint64_t left_mapped_limit,
         std::vector<runtime::Service*> services, runtime::ControlThread& control, Handover& handover)
      : stop_timeout_(stop_timeout),
        services_(std::move(services)),
        control_(control),
        handover_(handover),
        left_mapped_(left_mapped_limit) {}

  /// Of a generation that is out of every publication. `heir` replaces it and has its state; null: nobody does.
  void stop(const runtime::GenerationPtr& generation, const runtime::GenerationPtr& heir);
  void run_stop_hook(const runtime::GenerationPtr& generation);
  /// Cuts what overstays its time; true when something did.
  bool cut_overdue();
  /// Destroys and unloads a generation that nobody holds any more, and frees it; what it has learnt since it was
  /// replaced goes to its heir.
  void retire(runtime::Generation* generation);

  /// Of `former`, those cones that `next` has not may be held still, and keep generations from going.
  void follow(const runtime::Release& former, const runtime::Release& next);
  /// Of those that have stopped and have not been retired: an image that a generation had may be mapped until then.
  [[nodiscard]] std::size_t count() const noexcept { return draining_.size(); }
  /// When the next one is to be cut.
  [[nodiscard]] std::optional<Clock::time_point> next_cut() const;
  /// Appends one for each.
  void report(std::vector<PluginStatus>& plugins) const;
  [[nodiscard]] LeftMappedStatus left_mapped() const { return left_mapped_.status(); }

 private:
  struct Draining {
    std::weak_ptr<runtime::Generation> generation;  // expired: to be retired
    PluginStatus status;
    Clock::time_point cut_at;
    bool is_cut = false;
  };
  void end(const std::shared_ptr<runtime::Generation>& owned);
  void pass_on(std::uint64_t number, const runtime::GenerationPtr& heir);
  [[nodiscard]] std::string holders_of(const runtime::Generation& generation) const;

  std::chrono::milliseconds stop_timeout_;
  std::vector<runtime::Service*> services_;
  runtime::ControlThread& control_;
  Handover& handover_;
  LeftMapped left_mapped_;
  std::vector<Draining> draining_;
  // By the number of one that was replaced and has not retired: who serves in its place now.
  std::map<std::uint64_t, runtime::GenerationPtr> heirs_;
  std::vector<std::weak_ptr<const runtime::Cone>> former_cones_;
};

/// What status says of a generation.
PluginStatus describe(const runtime::Generation& generation);

}  // namespace mortise::release
