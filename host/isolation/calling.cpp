#include "isolation/calling.hpp"

#include "isolation/futex.hpp"

namespace mortise::isolation::calling {
namespace {

constexpr std::uint32_t kCodeBits = 12;
constexpr std::uint32_t kCode = (1U << kCodeBits) - 1;
constexpr std::uint32_t kNobody = 0;
constexpr std::uint32_t kWaits = 1;
constexpr std::uint32_t kFirstPlace = 2;
static_assert(kFirstPlace + kOutgoingCount <= kCode);

constexpr std::uint32_t ticket_of(std::uint64_t sequence) { return static_cast<std::uint32_t>(sequence << kCodeBits); }

/// From `seen`, whoever waits; false: somebody has been faster.
bool change(CallMemory& call, std::uint32_t seen, std::uint32_t code) noexcept {
  if (!call.caller.compare_exchange_strong(seen, (seen & ~kCode) | code)) return false;
  if (call.callers_asleep.load() != 0) futex_wake(call.caller, 1);
  return true;
}

}  // namespace

void stay(CallMemory& call, std::uint64_t sequence) noexcept { call.caller.store(ticket_of(sequence) | kWaits); }

std::optional<std::uint32_t> wait(CallMemory& call, std::uint64_t sequence, std::chrono::nanoseconds limit) noexcept {
  using Clock = std::chrono::steady_clock;
  const auto mine = ticket_of(sequence) | kWaits;
  if (!look_for([&] { return call.caller.load(std::memory_order_acquire) != mine; })) {
    const auto until = Clock::now() + limit;
    call.callers_asleep.fetch_add(1);
    for (auto now = Clock::now(); call.caller.load() == mine; now = Clock::now()) {
      if (now < until) {
        futex_wait(call.caller, mine, until - now);
      } else {
        auto seen = mine;
        call.caller.compare_exchange_strong(seen, ticket_of(sequence) | kNobody);
      }
    }
    call.callers_asleep.fetch_sub(1);
  }
  const auto seen = call.caller.load();
  const auto code = seen & kCode;
  if ((seen & ~kCode) != ticket_of(sequence) || code < kFirstPlace) return std::nullopt;
  return code - kFirstPlace;
}

void end(CallMemory& call) noexcept {
  const auto seen = call.caller.load();
  if ((seen & kCode) == kWaits) change(call, seen, kNobody);
}

bool hand_over(CallMemory& call, std::uint32_t place) noexcept {
  const auto seen = call.caller.load();
  return (seen & kCode) == kWaits && change(call, seen, kFirstPlace + place);
}

}  // namespace mortise::isolation::calling
