// What an isolated plugin's process cannot do, what the admin may allow it, and what he is told.
#include <linux/prctl.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// On a thread for which, and for all that it starts, the kernel has no Landlock.
void without_landlock(const std::function<void()>& test) {
  std::thread([&] {
    ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    auto* const filter = ::seccomp_init(SCMP_ACT_ALLOW);
    ASSERT_EQ(::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0), 0);
    ASSERT_EQ(::seccomp_load(filter), 0);
    ::seccomp_release(filter);
    try {
      test();
    } catch (const std::exception& exception) {
      ADD_FAILURE() << exception.what();
    }
  }).join();
}

class SandboxTest : public HostTest {
 protected:
  void start_chaos(const json& settings) {
    prefix_.drop(shipped_file("chaos"));
    prefix_.write_plugin("chaos", settings.dump());
    start();
  }
  [[nodiscard]] std::string attempt(const std::string& path) const { return host_->get("/chaos/" + path).body; }
  [[nodiscard]] std::string status() const { return mortise({"status", "chaos"}).out; }
  [[nodiscard]] std::uint64_t restarts() const {
    const auto told = host_->ask("GET", "/v1/status");
    for (const auto& plugin : told["plugins"]) {
      if (plugin["name"] == "chaos") return plugin["worker"]["restarts"].get<std::uint64_t>();
    }
    return 0;
  }

  const std::string refused_ = std::string(std::strerror(EPERM));
  const std::string not_allowed_ = std::string(std::strerror(EACCES));
  const std::string nobody_there_ = std::string(std::strerror(ECONNREFUSED));
};

TEST_F(SandboxTest, KeepsAnIsolatedPluginToItself) {
  start_chaos({{"placement", "isolated"}});
  EXPECT_EQ(attempt("opens-a-foreign-file"), not_allowed_);
  EXPECT_EQ(attempt("connects-out"), refused_);
  EXPECT_EQ(attempt("executes-a-shell"), refused_);
  EXPECT_EQ(attempt("forks"), refused_);
  EXPECT_EQ(attempt("well"), "well");
  EXPECT_THAT(status(), AllOf(HasSubstr("sandbox     environment, descriptors, working directory, capabilities, "
                                        "no new privileges, files, system calls\n"),
                              HasSubstr("memory: no limit is set; limits.memory_bytes in plugins.d sets one")));
}

TEST_F(SandboxTest, KeepsNothingFromOneInTheHostProcess) {
  start_chaos({{"placement", "inline"}});
  EXPECT_EQ(attempt("forks"), "done");
  EXPECT_EQ(attempt("connects-out"), nobody_there_);
  EXPECT_THAT(status(), Not(HasSubstr("sandbox")));
}

TEST_F(SandboxTest, TheNetworkIsTheAdminsToGrant) {
  start_chaos({{"placement", "isolated"}, {"network", "client"}});
  EXPECT_EQ(attempt("connects-out"), nobody_there_);
  EXPECT_EQ(attempt("opens-a-foreign-file"), not_allowed_);
  prefix_.write_plugin("chaos", json{{"placement", "isolated"}}.dump());
  host_->wait_for_plugin("chaos", [](const json& plugin) { return plugin["generation"] == 2; });
  EXPECT_EQ(attempt("connects-out"), refused_);
}

TEST_F(SandboxTest, AWorkerWithoutItsDescriptorsIsReplaced) {
  start_chaos({{"placement", "isolated"}});
  prefix_.add_shipped("hello");
  host_->wait_for_state("hello", "active");
  // Its last answer gets through where the host happens to be awake.
  EXPECT_THAT(host_->get("/chaos/closes-descriptors").status, ::testing::AnyOf(200, 503));
  EXPECT_EQ(host_->get("/hello").status, 200);
  // Only who is asleep has to be woken, and only that tells.
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (restarts() == 0 && std::chrono::steady_clock::now() < limit) {
    static_cast<void>(attempt("well"));
    std::this_thread::yield();
  }
  EXPECT_EQ(restarts(), 1U);
}

#if !MORTISE_IS_SANITIZED  // whose allocator ends the process where others return null
TEST_F(SandboxTest, MemoryEndsAtItsLimitForThatPluginAlone) {
  start_chaos({{"placement", "isolated"}, {"limits", {{"memory_bytes", 512 << 20}}}});
  const auto answer = host_->get("/chaos/allocates-for-ever");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(attempt("well"), "well");
  EXPECT_THAT(host_->wait_for_log("handler failed")["reason"].get<std::string>(), HasSubstr("bad_alloc"));
  EXPECT_THAT(status(), HasSubstr("working directory, memory, capabilities"));
}
#endif

#if !MORTISE_IS_SANITIZED  // which takes many times as long for everything
/// Gone with the test; the name is empty where there can be none.
class TestGroup {
 public:
  TestGroup() {
    const auto root = mounted();
    if (root.empty()) return;
    path_ = root + "/mortise-test-" + std::to_string(::getpid());
    if (::mkdir(path_.c_str(), 0755) != 0) path_.clear();
  }
  TestGroup(const TestGroup&) = delete;
  TestGroup& operator=(const TestGroup&) = delete;
  ~TestGroup() {
    if (!path_.empty()) ::rmdir(path_.c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool has_cpu() const {
    std::ifstream controllers(path_ + "/cgroup.controllers");
    for (std::string controller; controllers >> controller;) {
      if (controller == "cpu") return true;
    }
    return false;
  }
  [[nodiscard]] bool is_empty() const {
    const auto is_group = [](const auto& entry) { return entry.is_directory(); };
    return std::ranges::none_of(std::filesystem::directory_iterator(path_), is_group);
  }

 private:
  static std::string mounted() {
    std::ifstream mounts("/proc/self/mounts");
    std::string device;
    std::string point;
    std::string type;
    for (std::string rest; mounts >> device >> point >> type && std::getline(mounts, rest);) {
      if (type == "cgroup2") return point;
    }
    return {};
  }

  std::string path_;
};

TEST_F(SandboxTest, TakesNoMoreOfTheProcessorsThanItMay) {
  const TestGroup group;
  if (group.path().empty()) GTEST_SKIP() << "there can be no control group";
  prefix_.configure({{"control_group", group.path()}});
  start_chaos({{"placement", "isolated"}, {"limits", {{"cpu_percent", 10}, {"deadline", "500ms"}}}});
  EXPECT_EQ(attempt("well"), "well");
  if (!group.has_cpu()) {
    EXPECT_THAT(status(),
                HasSubstr("no sandbox  control group: cpu: '" + group.path() + "' does not have this controller"));
  } else {
    EXPECT_THAT(status(), HasSubstr("system calls, control group"));
    EXPECT_EQ(host_->get("/chaos/loops").status, 504);
    const auto told = host_->ask("GET", "/v1/status");
    const auto pid = told["plugins"][0]["worker"]["pid"].get<pid_t>();
    std::ifstream own("/proc/" + std::to_string(pid) + "/cgroup");
    const std::string groups((std::istreambuf_iterator<char>(own)), {});
    EXPECT_THAT(groups, HasSubstr("/plugin-chaos-" + std::to_string(pid)));
    std::ifstream statistics(group.path() + "/plugin-chaos-" + std::to_string(pid) + "/cpu.stat");
    std::uint64_t throttled = 0;
    for (std::string key; statistics >> key >> throttled;) {
      if (key == "nr_throttled") break;
    }
    EXPECT_GT(throttled, 0U);
  }
  EXPECT_EQ(host_->stop(), 0);
  EXPECT_TRUE(group.is_empty());
}
#endif

TEST_F(SandboxTest, WhereAShareOfTheProcessorsIsRequiredItMustBeInForce) {
  prefix_.configure({{"control_group", prefix_.state_directory().string()}});
  start_chaos({{"placement", "isolated"}, {"sandbox", "require"}, {"limits", {{"cpu_percent", 10}}}});
  EXPECT_THAT(host_->wait_for_state("chaos", "failed")["reason"].get<std::string>(),
              HasSubstr("its sandbox is not complete; control group: control_group '"));
}

TEST_F(SandboxTest, WhereAllOfItIsRequiredNoneMayBeMissing) {
  start_chaos({{"placement", "isolated"}, {"sandbox", "require"}});
  EXPECT_EQ(attempt("well"), "well");
  EXPECT_EQ(host_->stop(), 0);
  without_landlock([this] {
    start();
    const auto failed = host_->wait_for_state("chaos", "failed");
    EXPECT_THAT(failed["reason"].get<std::string>(),
                AllOf(HasSubstr("its sandbox is not complete; files: this kernel has no Landlock"),
                      HasSubstr("\"sandbox\": \"prefer\"")));
    prefix_.write_plugin("chaos", json{{"placement", "isolated"}, {"sandbox", "prefer"}}.dump());
    host_->wait_for_state("chaos", "active");
    EXPECT_EQ(attempt("well"), "well");
    EXPECT_THAT(status(), HasSubstr("no sandbox  files: this kernel has no Landlock"));
    EXPECT_EQ(host_->stop(), 0);
  });
}

TEST_F(SandboxTest, InTheHostProcessNobodyCanRequireIt) {
  prefix_.write_plugin("chaos", R"({"sandbox": "require"})");
  const auto checked = mortise({"serve", "--check"});
  EXPECT_NE(checked.code, 0);
  EXPECT_THAT(checked.err, AllOf(HasSubstr("chaos.json"), HasSubstr("/sandbox"), HasSubstr("\"isolated\"")));
}

}  // namespace
}  // namespace mortise::integration
