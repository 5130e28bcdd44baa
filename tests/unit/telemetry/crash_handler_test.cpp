// What processes that die in different ways leave in the page that they share with this one.
#include "telemetry/crash_handler.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/dynamic_linker.hpp"
#include "base/process.hpp"
#include "telemetry/code_owners.hpp"
#include "telemetry/log.hpp"

namespace mortise::telemetry {
namespace {

using ::testing::Contains;
using ::testing::ContainsRegex;

/// Not where 0 lies: UBSan would see that first.
volatile int* volatile nowhere = reinterpret_cast<volatile int*>(std::uintptr_t{8});
void write_where_nothing_is() { *nowhere = 1; }

// NOLINTNEXTLINE(misc-no-recursion): to use the stack up
int go_deeper(volatile char* above) {
  volatile char here[4096];
  here[0] = above == nullptr ? '\0' : above[0];
  return here[0] == 'x' ? 0 : go_deeper(here) + here[0];
}

class CrashHandlerTest : public ::testing::Test {
 protected:
  /// What a process leaves that dies in this; none: nothing.
  std::optional<CrashMark> die_in(const std::function<void()>& death) {
    const auto pid = ::fork();
    if (pid == 0) {
      base::disable_core_dumps();
      leave_crash_marks(std::move(page_));
      death();
      ::_exit(0);
    }
    ::waitpid(pid, &status_, 0);
    return page_.take();
  }

  CrashPage page_ = *CrashPage::make();
  int status_ = 0;
};

TEST_F(CrashHandlerTest, AProcessThatEndsAsItShouldLeavesNothing) {
  EXPECT_FALSE(die_in([] {}));
  EXPECT_FALSE(die_in([] {
    expect_exit();
    std::quick_exit(0);
  }));
}

TEST_F(CrashHandlerTest, TheMarkTellsWhomTheThreadWorkedForAndWhere) {
  const auto mark = die_in([] {
    const LogScope scope("orders", "7", "r-1", "/orders/{id}");
    write_where_nothing_is();
  });
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->to_string(), "SIGSEGV at 0x8, in request r-1 (/orders/{id})");
  EXPECT_EQ(mark->plugin, "orders");
  EXPECT_EQ(mark->generation, 7U);
  EXPECT_THAT(mark->frames, Contains(ContainsRegex("^mortise\\+0x[0-9a-f]+ build-id [0-9a-f]{8}")));
  EXPECT_NE(status_, 0);
}

TEST_F(CrashHandlerTest, WhoseCodeItIsCountsBeforeWhomItWorkedFor) {
  const auto mark = die_in([] {
    const CodeOwner owner(base::mapping_of(reinterpret_cast<const void*>(&write_where_nothing_is)), "currency", "3",
                          "5ha");
    const LogScope scope("shop", "7", "r-1", "/shop");
    write_where_nothing_is();
  });
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->plugin, "currency");
  EXPECT_EQ(mark->sha256, "5ha");
  EXPECT_EQ(mark->to_string(), "SIGSEGV at 0x8, in request r-1 to 'shop' (/shop)");
}

TEST_F(CrashHandlerTest, AThreadWithoutAnyStackLeftLeavesItToo) {
  const auto mark = die_in([] {
    std::thread([] {
      const CrashStack stack;
      const LogScope scope("deep", "1", "r-1", "/deep");
      go_deeper(nullptr);
    }).join();
  });
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->plugin, "deep");
  EXPECT_EQ(mark->signal, "SIGSEGV");
}

TEST_F(CrashHandlerTest, AnExitThatNobodyHasAskedForIsACrash) {
  const auto exited = die_in([] {
    const LogScope scope("leaver", "2", "r-1", "/leave");
    std::exit(3);  // NOLINT(concurrency-mt-unsafe): this is what plugins do
  });
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited->to_string(), "exit, in request r-1 (/leave)");
  EXPECT_EQ(exited->plugin, "leaver");
  EXPECT_EQ(WEXITSTATUS(status_), 3);
  const auto quick = die_in([] { std::quick_exit(4); });
  ASSERT_TRUE(quick);
  EXPECT_EQ(quick->plugin, "");
}

TEST_F(CrashHandlerTest, OneMarkIsTakenOnceAndThereIsRoomForTheNext) {
  EXPECT_EQ(die_in([] { std::abort(); })->signal, "SIGABRT");
  EXPECT_FALSE(page_.take());
  EXPECT_EQ(die_in(&write_where_nothing_is)->signal, "SIGSEGV");
}

TEST_F(CrashHandlerTest, OfManyThreadsThatDieAtOnceOneLeavesItsMarkWhole) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer's own handler blocks for ever where a second thread faults while it reports a first";
#endif
  const auto mark = die_in([] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([] {
        const LogScope scope("crowd", "5", "r-1", "/crowd");
        write_where_nothing_is();
      });
    }
    for (auto& thread : threads) thread.join();
  });
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->plugin, "crowd");
  EXPECT_EQ(mark->to_string(), "SIGSEGV at 0x8, in request r-1 (/crowd)");
}

}  // namespace
}  // namespace mortise::telemetry
