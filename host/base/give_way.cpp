#include "base/give_way.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace mortise::base {
namespace {

/// The kernel's struct sched_attr in its first form; <linux/sched/types.h> does not go with <sched.h>.
struct Scheduling {
  std::uint32_t size = sizeof(Scheduling);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

constexpr std::uint64_t kShortTurnNs = 100'000;  // the least that the kernel grants

/// 0: as long as the kernel thinks fit.
void set_length_of_turns(std::uint64_t ns) noexcept {
  if (::sched_getscheduler(0) != SCHED_OTHER) return;  // somebody has chosen another one for all of the host
  // Who is nice stays so.
  const Scheduling wanted{.nice = ::getpriority(PRIO_PROCESS, 0), .runtime = ns};
  static_cast<void>(::syscall(SYS_sched_setattr, 0, &wanted, 0));
}

}  // namespace

void ask_for_short_turns() noexcept { set_length_of_turns(kShortTurnNs); }
void take_usual_turns() noexcept { set_length_of_turns(0); }

}  // namespace mortise::base
