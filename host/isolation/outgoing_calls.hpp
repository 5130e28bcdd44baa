// What a worker's plugin calls of others through contracts, as the host sees it: each call is made here on what the
// plugin's slot is bound to in the scope that the plugin was entered with.
#pragma once

#include <mortise/abi/contracts.h>

#include <array>
#include <atomic>
#include <cstddef>
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

/// Of a failure's message, and of its context, what is kept: they may be a hostile plugin's.
inline constexpr std::size_t kMostFailureBytes = 4096;

/// Why a call failed; MORTISE_OK: it did not.
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

  /// The call in that place is this thread's, or that of whom it tells: to be followed by serve() or answer(). False:
  /// there is none, which is a breach.
  bool claim(std::uint32_t number);
  using OnOutcome = std::function<void(Failed failed)>;
  /// Makes the claimed call within the thread's scope, and writes down what came of it. `on_outcome`, if there is one,
  /// hears of it before the worker does. [in-scope]
  void serve(std::uint32_t number, const OnOutcome& on_outcome = {});
  /// What came of the claimed call: its reply, or the message of its failure and behind it the context.
  void answer(std::uint32_t number, mortise_status status, std::string_view text, std::string_view rest = {});
  /// The worker has no use any more for a reply that lies there.
  void take_back(std::uint64_t offset);

 private:
  [[nodiscard]] const mortise_channel_v1* find(const mortise_scope& scope, const Wanted& wanted) const;
  void make(runtime::Scope& scope, const mortise_channel_v1& channel, std::uint32_t number, const Wanted& wanted,
            const OnOutcome& on_outcome);

  const HostEnd end_;
  const std::vector<ForwardedSlot>& slots_;
  // Which are being made: a worker that keeps to the rules wants nothing else in such a place. Taken with acquire and
  // left with release, for the place's memory.
  std::array<std::atomic<bool>, kOutgoingCount> is_busy_{};
  std::mutex mutex_;
  std::unordered_set<std::uint64_t> lent_;  // guarded by mutex_: offsets of replies in the host's heap
};

}  // namespace mortise::isolation
