#include "sandbox/sandbox.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/temporary_directory.hpp"

namespace mortise::sandbox {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string outcome(long result) { return result >= 0 ? "done" : std::strerror(errno); }

class SandboxTest : public ::testing::Test {
 protected:
  SandboxTest() {
    std::ofstream(outside_.path() / "secret") << "secret";
    std::ofstream(outside_.path() / "image.so") << "image";
    settings_.image = (outside_.path() / "image.so").string();
    settings_.data_directory = data_.path().string();
    settings_.last_descriptor = 1023;
  }

  /// What a process in the sandbox says.
  [[nodiscard]] std::string inside(const std::function<std::string()>& attempt) {
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      before_();
      told_.clear();
      for (const auto& measure : enter(settings_)) told_ += measure.name + ": " + measure.missing + "\n";
      const auto said = attempt();
      const auto written = ::write(pipe[1], said.data(), said.size());
      ::_exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
    }
    ::close(pipe[1]);
    std::string said;
    std::array<char, 4096> buffer{};
    for (ssize_t size = 0; (size = ::read(pipe[0], buffer.data(), buffer.size())) > 0;) {
      said.append(buffer.data(), static_cast<std::size_t>(size));
    }
    ::close(pipe[0]);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    return said;
  }

  [[nodiscard]] std::string inside(const std::function<long()>& attempt) {
    return inside([&] { return outcome(attempt()); });
  }

  [[nodiscard]] std::string open_inside(const std::string& path, int flags) {
    return inside([&]() -> long { return ::open(path.c_str(), flags, 0600); });
  }

  const std::string refused_ = std::strerror(EPERM);
  const std::string not_allowed_ = std::strerror(EACCES);
  testing::TemporaryDirectory outside_;
  testing::TemporaryDirectory data_;
  Settings settings_;
  std::function<void()> before_ = [] {};
  std::string told_;  // in the sandbox: what is in force
};

TEST_F(SandboxTest, TellsWhatIsInForce) {
  settings_.max_memory_bytes = std::uint64_t{1} << 40U;
  before_ = [] { ::clearenv(); };
  EXPECT_EQ(inside([this] { return told_; }),
            "environment: \ndescriptors: \nworking directory: \nmemory: \ncapabilities: \nno new privileges: \n"
            "files: \nsystem calls: \n");
}

TEST_F(SandboxTest, TellsWhatIsNot) {
  settings_.last_descriptor = 2;
  settings_.data_directory = "/nowhere";
  before_ = [] {
    ::clearenv();
    ::setenv("SECRET", "1", 1);
    EXPECT_GT(::open("/dev/null", O_RDONLY), 2);
  };
  EXPECT_THAT(inside([this] { return told_; }),
              AllOf(HasSubstr("environment: it has the variable SECRET\n"), HasSubstr("descriptors: open are "),
                    HasSubstr("working directory: No such file"), HasSubstr("memory: no limit is set")));
}

TEST_F(SandboxTest, ItsDataDirectoryIsItsOwn) {
  EXPECT_EQ(open_inside((data_.path() / "new").string(), O_RDWR | O_CREAT), "done");
  EXPECT_EQ(open_inside("relative", O_RDWR | O_CREAT), "done");
  EXPECT_TRUE(std::filesystem::exists(data_.path() / "relative"));
}

TEST_F(SandboxTest, OtherFilesAreClosedToIt) {
  EXPECT_EQ(open_inside((outside_.path() / "secret").string(), O_RDONLY), not_allowed_);
  EXPECT_EQ(open_inside((outside_.path() / "new").string(), O_WRONLY | O_CREAT), not_allowed_);
  EXPECT_EQ(open_inside("/etc/shadow", O_RDONLY), not_allowed_);
  EXPECT_EQ(open_inside("/proc/1/environ", O_RDONLY), not_allowed_);
  EXPECT_EQ(open_inside("/usr/new", O_WRONLY | O_CREAT), not_allowed_);
  EXPECT_EQ(inside([this]() -> long { return ::unlink((outside_.path() / "secret").c_str()); }), not_allowed_);
}

TEST_F(SandboxTest, WhatALibraryNeedsIsReadable) {
  EXPECT_EQ(open_inside(settings_.image, O_RDONLY), "done");
  EXPECT_EQ(open_inside(settings_.image, O_WRONLY), not_allowed_);
  EXPECT_EQ(open_inside("/usr/lib", O_RDONLY | O_DIRECTORY), "done");
  EXPECT_EQ(open_inside("/dev/urandom", O_RDONLY), "done");
  EXPECT_EQ(open_inside("/proc/self/maps", O_RDONLY), "done");
}

TEST_F(SandboxTest, ThreadsStartAndProcessesDoNot) {
  EXPECT_EQ(inside([]() -> std::string {
              std::string said;
              std::thread([&] { said = "a thread"; }).join();
              return said;
            }),
            "a thread");
  EXPECT_EQ(inside([]() -> long { return ::fork(); }), refused_);
  EXPECT_EQ(inside([]() -> long { return ::syscall(SYS_clone3, nullptr, 0); }), std::strerror(ENOSYS));
}

TEST_F(SandboxTest, NoProgramIsExecuted) {
  EXPECT_EQ(inside([]() -> long { return ::execl("/bin/sh", "sh", nullptr); }), refused_);
  EXPECT_EQ(inside([]() -> std::string {
              pid_t pid = 0;
              std::array<char*, 1> none{nullptr};
              return std::strerror(::posix_spawn(&pid, "/bin/sh", nullptr, nullptr, none.data(), none.data()));
            }),
            refused_);
}

TEST_F(SandboxTest, OtherProcessesAreOutOfReach) {
  const pid_t parent = ::getpid();
  EXPECT_EQ(inside([=]() -> long { return ::kill(parent, 0); }), refused_);
  EXPECT_EQ(inside([=]() -> long { return ::ptrace(PTRACE_ATTACH, parent, nullptr, nullptr); }), refused_);
  EXPECT_EQ(inside([=]() -> long { return ::syscall(SYS_pidfd_open, parent, 0); }), refused_);
  const rlimit none{};
  EXPECT_EQ(inside([&]() -> long { return ::prlimit(parent, RLIMIT_CORE, &none, nullptr); }), refused_);
  EXPECT_EQ(inside([]() -> long { return ::kill(::getpid(), 0); }), "done");
  EXPECT_EQ(inside([]() -> long { return ::raise(0); }), "done");
}

TEST_F(SandboxTest, SignalsAndPrioritiesOfOthersAreOutOfReach) {
  const pid_t parent = ::getpid();
  EXPECT_EQ(inside([=]() -> long { return ::fcntl(0, F_SETOWN, parent); }), refused_);
  EXPECT_EQ(inside([=]() -> long { return ::syscall(SYS_fcntl, 0, (1ULL << 32U) | F_SETOWN, parent); }), refused_);
  EXPECT_EQ(inside([=]() -> long { return ::ioctl(0, FIOSETOWN, &parent); }), refused_);
  EXPECT_EQ(inside([]() -> long { return ::fcntl(0, F_GETFD); }), "done");
  EXPECT_EQ(inside([]() -> long { return ::prctl(PR_SET_PDEATHSIG, 0); }), refused_);
  EXPECT_EQ(inside([=]() -> long { return ::setpriority(PRIO_PROCESS, static_cast<id_t>(parent), 19); }), refused_);
  EXPECT_EQ(inside([]() -> long { return ::setpriority(PRIO_PROCESS, 0, 19); }), "done");
  EXPECT_EQ(inside([=]() -> long {
              cpu_set_t first{};
              CPU_SET(0, &first);
              return ::sched_setaffinity(parent, sizeof first, &first);
            }),
            refused_);
}

TEST_F(SandboxTest, WhoseAFileIsAndWhoMayUseItStays) {
  EXPECT_EQ(inside([]() -> long { return ::chmod(".", 0777); }), refused_);
  EXPECT_EQ(inside([]() -> long { return ::fchmod(::open("/usr", O_RDONLY), 0700); }), refused_);
  EXPECT_EQ(inside([this]() -> long { return ::chmod((outside_.path() / "secret").c_str(), 0666); }), refused_);
  EXPECT_EQ(
      inside([this]() -> long { return ::utimensat(AT_FDCWD, (outside_.path() / "secret").c_str(), nullptr, 0); }),
      refused_);
  EXPECT_EQ(inside([]() -> long { return ::futimens(::open("own", O_RDWR | O_CREAT, 0600), nullptr); }), "done");
}

TEST_F(SandboxTest, TemporaryFilesHaveAPlace) {
  const auto directory = inside([]() -> std::string { return std::filesystem::temp_directory_path(); });
  EXPECT_EQ(directory, settings_.data_directory);
}

TEST_F(SandboxTest, TheSystemIsOutOfReach) {
  EXPECT_EQ(inside([]() -> long { return ::syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, nullptr); }), refused_);
  EXPECT_EQ(inside([]() -> long { return ::syscall(SYS_keyctl, 0, 0, 0, 0, 0); }), refused_);
  EXPECT_EQ(inside([]() -> long { return ::unshare(CLONE_NEWUSER); }), refused_);
  EXPECT_EQ(inside([]() -> long { return ::syscall(SYS_io_uring_setup, 1, nullptr); }), refused_);
  EXPECT_EQ(inside([]() -> long { return ::syscall(599); }), std::strerror(ENOSYS));
}

TEST_F(SandboxTest, TheNetworkIsForThoseThatMayUseIt) {
  const auto connect = []() -> std::string {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    if (socket < 0) return outcome(socket);
    const sockaddr_in nobody{
        .sin_family = AF_INET, .sin_port = htons(1), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    return outcome(::connect(socket, reinterpret_cast<const sockaddr*>(&nobody), sizeof nobody));
  };
  const auto serve = []() -> std::string { return outcome(::listen(::socket(AF_INET, SOCK_STREAM, 0), 1)); };
  EXPECT_EQ(inside(connect), refused_);
  settings_.may_connect = true;
  EXPECT_EQ(inside(connect), std::strerror(ECONNREFUSED));
  EXPECT_EQ(inside(serve), refused_);
  EXPECT_EQ(inside([]() -> long { return ::socket(AF_UNIX, SOCK_STREAM, 0); }), refused_);
  std::array<int, 2> ends{};
  EXPECT_EQ(inside([&]() -> long { return ::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends.data()); }), refused_);
  EXPECT_EQ(inside([&]() -> long { return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()); }),
            "done");
}

TEST_F(SandboxTest, NothingOfRootsPowerIsLeft) {
  EXPECT_EQ(inside([]() -> long { return ::chown(".", 1, 1); }), refused_);
  EXPECT_EQ(inside([]() -> std::string { return std::to_string(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)); }), "1");
}

TEST_F(SandboxTest, MemoryEndsAtItsLimit) {
  const auto take = [](std::size_t bytes, int kind) -> std::string {
    return ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? std::strerror(errno)
               : "done";
  };
  constexpr std::size_t kLittle = std::size_t{32} << 20U;
  constexpr std::size_t kMuch = std::size_t{128} << 20U;
  EXPECT_EQ(inside([&] { return take(kMuch, MAP_SHARED); }), "done");
  settings_.max_memory_bytes = std::uint64_t{64} << 20U;
  EXPECT_EQ(inside([&] { return take(kLittle, MAP_PRIVATE); }), "done");
  EXPECT_EQ(inside([&] { return take(kMuch, MAP_PRIVATE); }), std::strerror(ENOMEM));
  EXPECT_EQ(inside([&] { return take(kLittle, MAP_SHARED); }), refused_);
  EXPECT_EQ(inside([]() -> long { return ::memfd_create("memory", 0); }), refused_);
}

}  // namespace
}  // namespace mortise::sandbox
