#include "base/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>

#include "base/files.hpp"
#include "temporary_directory.hpp"

namespace mortise::base {
namespace {

using namespace std::chrono_literals;
using How = ProcessEnd::How;

constexpr auto kLong = 30s;  // far more than any of these takes; passing it is a failure

ProcessEnd run_shell(const std::string& script, std::chrono::milliseconds limit = kLong) {
  return run_process({"/bin/sh", "-c", script}, limit).value();
}

TEST(Process, ReportsExitCodeAndBothOutputs) {
  const auto end = run_shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(end.how, How::exited);
  EXPECT_EQ(end.code, 3);
  EXPECT_EQ(end.output, "out\nerr\n");
  EXPECT_EQ(end.describe(), "exited with code 3");
}

TEST(Process, ReportsTheSignal) {
  const auto end = run_shell("kill -SEGV $$");
  EXPECT_EQ(end.how, How::signalled);
  EXPECT_EQ(end.describe(), "was killed by SIGSEGV");
}

TEST(Process, KillsWhatDoesNotEndInTime) {
  const auto end = run_shell("echo before; sleep 1000", 2s);  // time enough for the first of the two
  EXPECT_EQ(end.how, How::timed_out);
  EXPECT_EQ(end.output, "before\n");
  EXPECT_EQ(end.describe(), "did not end within 2000 ms");
}

TEST(Process, KeepsTheLimitUnderAFloodOfOutput) {
  const auto begin = std::chrono::steady_clock::now();
  const auto end = run_shell("exec yes", 200ms);
  EXPECT_EQ(end.how, How::timed_out);
  EXPECT_LE(end.output.size(), 16384U);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kLong);
}

TEST(Process, DoesNotWaitForAGrandchildThatKeepsTheOutputOpen) {
  const auto begin = std::chrono::steady_clock::now();
  const auto end = run_shell("sleep 1000 & echo done");
  EXPECT_EQ(end.how, How::exited);
  EXPECT_EQ(end.output, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kLong);
}

TEST(Process, KillsTheWholeGroup) {
  const testing::TemporaryDirectory directory;
  const auto fifo = directory / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const Descriptor reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(reader.is_open());
  const auto end = run_shell("exec 3>'" + fifo.string() + "'; sleep 1000 & echo done");
  ASSERT_EQ(end.how, How::exited);
  // The grandchild holds the other end of the FIFO; its hang-up is the grandchild's end.
  pollfd wait{.fd = reader.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kLong).count())), 1);
  EXPECT_NE(wait.revents & POLLHUP, 0);
}

TEST(Process, KeepsOnlyTheEndOfLongOutput) {
  const auto end = run_shell("i=0; while [ $i -lt 3000 ]; do echo 0123456789; i=$((i+1)); done; echo last");
  EXPECT_EQ(end.output.size(), 16384U);
  EXPECT_EQ(end.output.substr(end.output.size() - 5), "last\n");
}

TEST(Process, KeepsTheLastWordsOfAChildThatEndsBeforeItsOutputIsRead) {
  const testing::TemporaryDirectory directory;
  const auto fifo = directory / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  // The parent sleeps from before the output until the child has ended, when the FIFO has no writer any more.
  const auto script = "(cat '" + fifo.string() + "'; kill -CONT $PPID) >/dev/null 2>&1 & exec 3>'" + fifo.string() +
                      "'; kill -STOP $PPID; head -c 40000 /dev/zero; echo last";
  const auto are_kept = [&] {
    const auto end = run_shell(script);
    return end.output.size() == 16384 && end.output.ends_with("last\n");
  };
  // In a process of its own: a shell would take the test itself for a job that was stopped by hand.
  EXPECT_EXIT(std::exit(are_kept() ? 0 : 1), ::testing::ExitedWithCode(0), "");
}

TEST(Process, HandsDownNeitherDescriptorsNorEnvironment) {
  ASSERT_EQ(::setenv("MORTISE_SECRET", "1", 1), 0);
  const int leak = ::open("/dev/null", O_RDONLY);  // without close-on-exec
  const auto end = run_shell("echo \"[$MORTISE_SECRET]\"; [ -e /proc/self/fd/" + std::to_string(leak) +
                             " ] && echo leaked; readlink /proc/self/fd/0");
  ::close(leak);
  EXPECT_EQ(end.output, "[]\n/dev/null\n");
}

TEST(Process, ResetsSignalsForTheChild) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const auto end = run_shell("kill -PIPE $$; echo survived");
  std::signal(SIGPIPE, before);
  EXPECT_EQ(end.how, How::signalled);
}

TEST(Process, SaysWhatCannotBeStarted) {
  const auto end = run_process({"/nonexistent/program"}, kLong);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::unavailable);
  EXPECT_NE(end.error().message.find("/nonexistent/program"), std::string::npos);
}

TEST(Process, KnowsItsOwnExecutable) { EXPECT_EQ(std::filesystem::path(own_executable()).filename(), "base_test"); }

TEST(OpenFileLimit, IsRaisedAsFarAsAllowed) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{.rlim_cur = 64, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_open_file_limit(), before.rlim_max);
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace mortise::base
