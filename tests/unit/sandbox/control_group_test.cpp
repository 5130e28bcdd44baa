#include "sandbox/control_group.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "base/temporary_directory.hpp"

namespace mortise::sandbox {
namespace {

using ::testing::HasSubstr;

std::string read(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

/// The mounted file system of groups; empty: there is none.
std::string mounted() {
  std::ifstream lines("/proc/self/mountinfo");
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream words(line);
    std::string point;
    for (int i = 0; i < 5; ++i) words >> point;
    return point;
  }
  return {};
}

/// A group that the test may do with as it likes; skipped where it cannot have one.
class ControlGroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (mounted().empty()) GTEST_SKIP() << "cgroup v2 is not mounted";
    parent_ = mounted() + "/mortise-test-" + std::to_string(::getpid());
    if (::mkdir(parent_.c_str(), 0755) != 0) GTEST_SKIP() << parent_ << ": " << std::strerror(errno);
  }
  void TearDown() override { ::rmdir(parent_.c_str()); }
  [[nodiscard]] bool has(const std::string& controller) const {
    std::istringstream words(read(parent_ + "/cgroup.controllers"));
    for (std::string word; words >> word;) {
      if (word == controller) return true;
    }
    return false;
  }

  std::string parent_;
};

/// Does nothing until the test ends it.
class Idler {
 public:
  Idler() : pid_(::fork()) {
    if (pid_ < 0) throw std::runtime_error(std::strerror(errno));
    if (pid_ != 0) return;
    for (;;) ::pause();
  }
  Idler(const Idler&) = delete;
  Idler& operator=(const Idler&) = delete;
  ~Idler() { end(); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string name() const { return "plugin-rates-" + std::to_string(pid_); }
  void end() {
    if (has_ended_) return;
    ::kill(pid_, SIGKILL);
    EXPECT_EQ(::waitpid(pid_, nullptr, 0), pid_);
    has_ended_ = true;
  }

 private:
  pid_t pid_;
  bool has_ended_ = false;
};

TEST_F(ControlGroupTest, HoldsAProcessAndGoesAfterIt) {
  Idler idler;
  const auto path = parent_ + "/" + idler.name();
  {
    const auto group = ControlGroup::make(parent_, "rates", idler.pid(), {});
    ASSERT_TRUE(group) << group.error().message;
    EXPECT_EQ(group->missing().to_string(), "");
    EXPECT_THAT(read("/proc/" + std::to_string(idler.pid()) + "/cgroup"), HasSubstr("/" + idler.name() + "\n"));
    EXPECT_FALSE(group->has_run_out_of_memory());
    idler.end();
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ControlGroupTest, LimitsWhatTheSystemHasControllersFor) {
  const auto group = settle_in_groups(parent_);
  ASSERT_TRUE(group) << group.error().message;
  EXPECT_EQ(*group, parent_);
  Idler idler;
  const auto made =
      ControlGroup::make(parent_, "rates", idler.pid(), {.memory_bytes = std::uint64_t{1} << 30, .cpu_percent = 150});
  ASSERT_TRUE(made) << made.error().message;
  const auto& missing = made->missing();
  if (has("cpu")) {
    EXPECT_EQ(missing.cpu, "");
    EXPECT_EQ(read(parent_ + "/" + idler.name() + "/cpu.max"), "150000 100000\n");
  } else {
    EXPECT_THAT(missing.cpu, HasSubstr("does not have this controller"));
  }
  if (has("memory")) {
    EXPECT_EQ(missing.memory, "");
    EXPECT_EQ(read(parent_ + "/" + idler.name() + "/memory.max"), std::to_string(std::uint64_t{1} << 30) + "\n");
  } else {
    EXPECT_THAT(missing.to_string(), HasSubstr("memory: '" + parent_ + "' does not have this controller"));
  }
  idler.end();
}

TEST_F(ControlGroupTest, WhatACrashedHostHasLeftIsRemoved) {
  Idler idler;
  const auto alive = ControlGroup::make(parent_, "rates", idler.pid(), {});
  ASSERT_TRUE(alive) << alive.error().message;
  const auto left = parent_ + "/plugin-rates-4194305";  // more than the system has numbers for
  const auto foreign = parent_ + "/others";
  ASSERT_EQ(::mkdir(left.c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(foreign.c_str(), 0755), 0);
  remove_left_groups(parent_);
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(foreign));
  EXPECT_TRUE(std::filesystem::exists(parent_ + "/" + idler.name()));
  ::rmdir(foreign.c_str());
  idler.end();
}

TEST_F(ControlGroupTest, AProcessWhoseNumberHasComeRoundGetsOneAllTheSame) {
  Idler idler;
  ASSERT_EQ(::mkdir((parent_ + "/" + idler.name()).c_str(), 0755), 0);
  const auto group = ControlGroup::make(parent_, "rates", idler.pid(), {});
  EXPECT_TRUE(group) << group.error().message;
  idler.end();
}

TEST(MemoryEvents, OnlyWhoWasPastItsOwnLimitIsToBlame) {
  const auto tells = [](const std::string& text) {
    std::istringstream events(text);
    return tell_of_own_limit(events);
  };
  EXPECT_TRUE(tells("low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n"));
  EXPECT_FALSE(tells("low 0\nhigh 0\nmax 0\noom 0\noom_kill 1\noom_group_kill 0\n")) << "the machine was";
  EXPECT_FALSE(tells("low 0\nhigh 0\nmax 12\noom 1\noom_kill 0\noom_group_kill 0\n"));
  EXPECT_FALSE(tells(""));
}

TEST(SettleInGroups, SaysWhatIsWrongWithTheConfiguredOne) {
  const mortise::testing::TemporaryDirectory plain;
  const auto settled = settle_in_groups(plain.path().string());
  ASSERT_FALSE(settled);
  EXPECT_THAT(settled.error().message, HasSubstr("is no control group that the host may use"));
}

TEST(SettleInGroups, TakesNothingThatNobodyHasDelegated) {
  const auto before = read("/proc/self/cgroup");
  const auto settled = settle_in_groups("");
  if (settled) GTEST_SKIP() << "somebody has delegated " << *settled;
  EXPECT_THAT(settled.error().message, ::testing::AnyOf(HasSubstr("Delegate="), HasSubstr("not mounted")));
  EXPECT_EQ(read("/proc/self/cgroup"), before);
}

}  // namespace
}  // namespace mortise::sandbox
