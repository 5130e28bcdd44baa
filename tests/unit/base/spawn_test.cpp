#include "base/spawn.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>

#include "base/files.hpp"
#include "temporary_directory.hpp"

namespace mortise::base {
namespace {

/// Runs a script of the shell to its end; the exit code.
int run_script(const std::string& script, std::vector<int> descriptors, std::vector<std::string> environment = {}) {
  const auto pid = spawn({.executable = "/bin/sh",
                          .arguments = {"sh", "-c", script},
                          .environment = std::move(environment),
                          .output = {},
                          .descriptors = std::move(descriptors),
                          .has_own_group = false});
  int status = 0;
  EXPECT_EQ(::waitpid(*pid, &status, 0), *pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Spawn, HandsDescriptorsOverInTheirOrderAndNoOthers) {
  std::array<int, 2> first{};
  std::array<int, 2> second{};
  ASSERT_EQ(::pipe(first.data()), 0);  // without close-on-exec: handed over or not is for the caller to say
  ASSERT_EQ(::pipe(second.data()), 0);
  const std::array<Descriptor, 4> owners{Descriptor(first[0]), Descriptor(first[1]), Descriptor(second[0]),
                                         Descriptor(second[1])};
  EXPECT_EQ(
      run_script("printf one >&3; printf two >&4; ls /proc/self/fd | wc -l | grep -q '^6$'", {second[1], first[1]}), 0)
      << "the three, these two, and that of ls";
  std::array<char, 4> text{};
  EXPECT_EQ(::read(second[0], text.data(), 3), 3);
  EXPECT_STREQ(text.data(), "one");
  EXPECT_EQ(::read(first[0], text.data(), 3), 3);
  EXPECT_STREQ(text.data(), "two");
}

TEST(Spawn, EnvironmentIsWhatIsGiven) {
  EXPECT_EQ(run_script("test \"$A\" = 1 && test -z \"$HOME\"", {}, {"A=1", "PATH=/usr/bin:/bin"}), 0);
}

TEST(Spawn, ProgramThatIsNotThereIsNamed) {
  const auto pid = spawn({.executable = "/nowhere/mortise",
                          .arguments = {"mortise"},
                          .environment = {},
                          .output = {},
                          .descriptors = {},
                          .has_own_group = false});
  EXPECT_EQ(pid.error().message, "cannot start '/nowhere/mortise': No such file or directory");
}

}  // namespace
}  // namespace mortise::base
