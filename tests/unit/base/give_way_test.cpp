#include "base/give_way.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <thread>

namespace mortise::base {
namespace {

/// The length of the calling thread's turns in nanoseconds; 0 where the kernel does not tell (before Linux 6.12).
std::uint64_t length_of_turns() {
  constexpr std::size_t kRuntimeAt = 24;  // in struct sched_attr
  std::array<char, 48> attributes{};
  if (::syscall(SYS_sched_getattr, 0, attributes.data(), attributes.size(), 0) != 0) return 0;
  std::uint64_t length = 0;
  std::memcpy(&length, attributes.data() + kRuntimeAt, sizeof length);
  return length;
}

TEST(GiveWayTest, ShortTurnsAreTheThreadsOwnAndOfThoseThatItStarts) {
  const auto before = length_of_turns();
  if (before == 0) GTEST_SKIP() << "Linux before 6.12";
  std::thread([&] {
    ask_for_short_turns();
    const auto asked = length_of_turns();
    EXPECT_LT(asked, before);
    std::thread([&] {
      EXPECT_EQ(length_of_turns(), asked);
      take_usual_turns();
      EXPECT_EQ(length_of_turns(), before);
    }).join();
  }).join();
  EXPECT_EQ(length_of_turns(), before);
}

TEST(GiveWayTest, WhoIsNiceStaysSo) {
  const int nice = ::getpriority(PRIO_PROCESS, 0) + 1;
  std::thread([nice] {
    ASSERT_EQ(::setpriority(PRIO_PROCESS, 0, nice), 0);
    ask_for_short_turns();
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), nice);
  }).join();
}

TEST(GiveWayTest, WhoComputesOnlyInWhatIsLeftStaysThere) {
  std::thread([] {
    const sched_param none{};
    ASSERT_EQ(::sched_setscheduler(0, SCHED_IDLE, &none), 0);
    ask_for_short_turns();
    EXPECT_EQ(::sched_getscheduler(0), SCHED_IDLE);
  }).join();
}

}  // namespace
}  // namespace mortise::base
