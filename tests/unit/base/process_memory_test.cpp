#include "base/process_memory.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <limits>

namespace mortise::base {
namespace {

constexpr std::uint64_t kLimit = std::uint64_t{1} << 46;

TEST(ProcessMemoryTest, WhatIsTakenIsAllocatedAndWhatIsUsedIsResident) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  const auto before = memory_of(::getpid());
  EXPECT_GT(before.resident_bytes, 0U);
  auto* const taken = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(taken, MAP_FAILED);
  const auto unused = memory_of(::getpid());
  EXPECT_GE(unused.allocated_bytes, before.allocated_bytes + kBytes);
  EXPECT_LT(unused.resident_bytes, before.resident_bytes + kBytes / 2);
  ASSERT_EQ(::madvise(taken, kBytes, MADV_POPULATE_WRITE), 0);
  EXPECT_GT(memory_of(::getpid()).resident_bytes, before.resident_bytes + kBytes / 2);
  ASSERT_EQ(::munmap(taken, kBytes), 0);
  EXPECT_LT(memory_of(::getpid()).allocated_bytes, unused.allocated_bytes - kBytes / 2);
}

TEST(ProcessMemoryTest, AnotherProcessIsToldOfWithItsLimitAsLongAsItRuns) {
  const auto pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    for (;;) ::pause();
  }
  EXPECT_GT(memory_of(pid).resident_bytes, 0U);
  const rlimit limit{.rlim_cur = kLimit, .rlim_max = kLimit};
  EXPECT_EQ(::prlimit(pid, RLIMIT_DATA, &limit, nullptr), 0);
  EXPECT_EQ(memory_of(pid).limit_bytes, kLimit);
  ::kill(pid, SIGKILL);
  siginfo_t end{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(memory_of(pid).resident_bytes, 0U);
  EXPECT_EQ(memory_of(pid).limit_bytes, 0U);
  EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

TEST(ProcessMemoryTest, OneThatIsNotThereTakesNothing) {
  const auto memory = memory_of(std::numeric_limits<pid_t>::max());
  EXPECT_EQ(memory.resident_bytes, 0U);
  EXPECT_EQ(memory.allocated_bytes, 0U);
  EXPECT_EQ(memory.limit_bytes, 0U);
}

}  // namespace
}  // namespace mortise::base
