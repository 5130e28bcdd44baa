// What a worker's plugin calls of others through contracts, as the host sees it: each call is made here on what the
// plugin's slot is bound to in the scope that the plugin was entered with.
#pragma once

#include <mortise/abi/contracts.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "isolation/host_end.hpp"
#include "runtime/scope.hpp"

namespace mortise::isolation {

/// A requirement of the plugin, as the host's registry has it.
struct ForwardedSlot {
  std::uint32_t slot = 0;
  bool is_list = false;
};

/// Why a call failed.
struct Failed {
  mortise_status status = MORTISE_OK;
  std::string message{};
  std::string context{};
};

/// Of one worker process. Any thread, but for what says otherwise.
class OutgoingCalls {
 public:
  /// `slots`, in the order of registration, outlives it and does not change once the worker serves.
  OutgoingCalls(HostEnd end, const std::vector<ForwardedSlot>& slots) : end_(std::move(end)), slots_(slots) {}

  [[nodiscard]] bool has_any() const noexcept { return !slots_.empty(); }
  /// What the scope binds the plugin's slots to, for the worker (bindings.hpp).
  [[nodiscard]] std::string describe(const mortise_scope& scope) const;

  using OnFailure = std::function<void(Failed failed)>;
  /// Makes the call in that place within the thread's scope, and writes down what came of it. Of a failure
  /// `on_failure`, if there is one, hears before the worker does. [in-scope]
  void serve(std::uint32_t number, const OnFailure& on_failure = {});
  /// Nobody makes it.
  void refuse(std::uint32_t number, mortise_status status, std::string_view message);
  /// The worker has no use any more for a reply that lies there.
  void take_back(std::uint64_t offset);

 private:
  [[nodiscard]] const mortise_channel_v1* find(const mortise_scope& scope, const Wanted& wanted) const;
  void make(runtime::Scope& scope, const mortise_channel_v1& channel, std::uint32_t number, const Wanted& wanted,
            const OnFailure& on_failure);
  void answer(std::uint32_t number, mortise_status status, std::string_view text, std::string_view rest = {});

  const HostEnd end_;
  const std::vector<ForwardedSlot>& slots_;
  // Which are being made: a worker that keeps to the rules wants nothing else in such a place. Taken with acquire and
  // left with release, for the place's memory.
  std::array<std::atomic<bool>, kOutgoingCount> is_busy_{};
  std::mutex mutex_;
  std::unordered_set<std::uint64_t> lent_;  // guarded by mutex_: offsets of replies in the host's heap
};

}  // namespace mortise::isolation
