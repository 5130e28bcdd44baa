#include "sandbox/sandbox.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/temporary_directory.hpp"

namespace mortise::sandbox {
namespace {

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
  [[nodiscard]] std::string inside(const std::function<std::string()>& attempt) const {
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      enter(settings_);
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

  [[nodiscard]] std::string inside(const std::function<long()>& attempt) const {
    return inside([&] { return outcome(attempt()); });
  }

  [[nodiscard]] std::string open_inside(const std::string& path, int flags) const {
    return inside([&]() -> long { return ::open(path.c_str(), flags, 0600); });
  }

  const std::string refused_ = std::strerror(EPERM);
  const std::string not_allowed_ = std::strerror(EACCES);
  testing::TemporaryDirectory outside_;
  testing::TemporaryDirectory data_;
  Settings settings_;
};

TEST_F(SandboxTest, TellsWhatIsInForce) {
  settings_.max_memory_bytes = std::uint64_t{1} << 40U;
  const auto said = inside([this]() -> std::string {
    ::clearenv();
    std::string all;
    // Twice, since what is there the second time was not refused by the first.
    for (const auto& measure : enter(settings_)) all += measure.name + ": " + measure.missing + "\n";
    return all;
  });
  EXPECT_EQ(said,
            "environment: \ndescriptors: \nworking directory: \nmemory: \ncapabilities: \nno new privileges: \n"
            "files: \nsystem calls: \n");
}

TEST_F(SandboxTest, TellsWhatIsNot) {
  settings_.last_descriptor = 2;
  settings_.data_directory = "/nowhere";
  const auto said = inside([this]() -> std::string {
    ::setenv("SECRET", "1", 1);
    const int open = ::open("/dev/null", O_RDONLY);
    std::string all;
    for (const auto& measure : enter(settings_)) all += measure.name + ": " + measure.missing + "\n";
    return all + (open > 2 ? "" : "no descriptor");
  });
  EXPECT_THAT(said, ::testing::HasSubstr("environment: it has the variable "));
  EXPECT_THAT(said, ::testing::HasSubstr("descriptors: open are "));
  EXPECT_THAT(said, ::testing::HasSubstr("working directory: No such file"));
  EXPECT_THAT(said, ::testing::HasSubstr("memory: no limit is set"));
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
}

TEST_F(SandboxTest, NothingOfRootsPowerIsLeft) {
  EXPECT_EQ(inside([]() -> long { return ::chown(".", 1, 1); }), refused_);
  EXPECT_EQ(inside([]() -> std::string { return std::to_string(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)); }), "1");
}

TEST_F(SandboxTest, MemoryEndsAtItsLimit) {
  settings_.max_memory_bytes = std::uint64_t{64} << 20U;
  const auto take = [](std::size_t bytes) -> std::string {
    return ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? std::strerror(errno)
               : "done";
  };
  EXPECT_EQ(inside([&] { return take(std::size_t{32} << 20U); }), "done");
  EXPECT_EQ(inside([&] { return take(std::size_t{128} << 20U); }), std::strerror(ENOMEM));
}

}  // namespace
}  // namespace mortise::sandbox
