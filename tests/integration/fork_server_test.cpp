// The process that the workers are forks of: that it is one for all of them, and what its end is to them.
#include <signal.h>
#include <unistd.h>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "support/load.hpp"
#include "support/workers_test.hpp"

namespace mortise::integration {
namespace {

using ::testing::HasSubstr;

/// What /proc tells under `key`; empty where there is no such process.
std::string fact_of(pid_t pid, const std::string& key) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + ":\t")) return line.substr(key.size() + 2);
  }
  return {};
}
pid_t parent_of(pid_t pid) { return std::stoi("0" + fact_of(pid, "PPid")); }
bool is_gone(pid_t pid) {
  const auto state = fact_of(pid, "State");
  return state.empty() || state.starts_with("Z");
}

class ForkServerTest : public WorkersTest {
 protected:
  ForkServerTest() {
    prefix_.place("isolated");
    prefix_.add_shipped("hello");
    prefix_.add_shipped("notes");
    prefix_.place("inline");
    prefix_.add_zoo("good-1.0", "good");
  }

  /// Has it be of no use any more, and waits until both plugins have workers of another one.
  void replace(pid_t fork_server, const std::function<void()>& by) const {
    std::map<std::string, pid_t> former;
    for (const auto* plugin : {"hello", "notes"}) former[plugin] = worker_of(plugin);
    by();
    for (const auto& [plugin, before] : former) {
      wait_until([&] {
        const auto worker = worker_of(plugin);
        // Where its parent ends, one that is about to end, too, has another one for a moment.
        return worker != 0 && worker != before && parent_of(worker) != fork_server && !is_gone(worker);
      });
    }
  }
  [[nodiscard]] std::size_t times_in_log(const std::string& message) const {
    const auto text = host_->log_text();
    std::size_t times = 0;
    for (auto at = text.find(message); at != std::string::npos; at = text.find(message, at + 1)) ++times;
    return times;
  }
};

TEST_F(ForkServerTest, IsOneForAllWorkersAndAChildOfTheHostProcess) {
  const auto process = start().process();
  const auto fork_server = parent_of(worker_of("hello"));
  EXPECT_EQ(parent_of(worker_of("notes")), fork_server);
  EXPECT_EQ(parent_of(fork_server), process);
  kill_worker("hello");
  EXPECT_EQ(parent_of(worker_of("hello")), fork_server);
  EXPECT_EQ(fact_of(fork_server, "Threads"), "1") << "what it has when it forks, all workers have";
  EXPECT_EQ(host_->stop(), 0);
  EXPECT_TRUE(is_gone(fork_server));
}

TEST_F(ForkServerTest, IsMadeAnewWithItsWorkersAndNoPluginIsBlamed) {
  start();
  Load load(*host_, "/good");
  // More often than a plugin may crash.
  for (std::size_t i = 1; i <= 4; ++i) {
    const auto fork_server = parent_of(worker_of("hello"));
    ASSERT_GT(fork_server, 1);
    replace(fork_server, [&] { ASSERT_EQ(::kill(fork_server, SIGKILL), 0); });
    EXPECT_TRUE(is_gone(fork_server));
    wait_until([&] { return times_in_log("the fork server has ended, and is started anew") >= i; });
    EXPECT_EQ(times_in_log("the fork server has ended, and is started anew"), i);
    EXPECT_EQ(host_->get("/hello").body, "Hello, world!\n");
    EXPECT_EQ(status_of("hello")["state"], "active");
    load.wait_for_more(50);
  }
  load.end();
  EXPECT_EQ(load.fault(), "");
}

TEST_F(ForkServerTest, OneThatHangsIsReplaced) {
  start();
  const auto worker = worker_of("hello");
  const auto fork_server = parent_of(worker);
  replace(fork_server, [&] {
    stop_process(fork_server);
    ASSERT_EQ(::kill(worker, SIGKILL), 0);
    EXPECT_EQ(host_->get("/good").body, "1.0.0");
  });
  EXPECT_TRUE(is_gone(fork_server));
  EXPECT_EQ(host_->get("/hello").body, "Hello, world!\n");
  EXPECT_EQ(host_->stop(), 0);
}

TEST_F(ForkServerTest, IsOnlyTheHostsToEnd) {
  start();
  const auto worker = worker_of("hello");
  const auto fork_server = parent_of(worker);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE}) {
    ASSERT_EQ(::kill(fork_server, signal), 0);
    ASSERT_EQ(::kill(worker, signal), 0);
  }
  kill_worker("notes");  // for which it has to do something after all of them
  EXPECT_EQ(worker_of("hello"), worker);
  EXPECT_EQ(parent_of(worker_of("notes")), fork_server);
  EXPECT_EQ(std::stoull(fact_of(worker, "SigBlk"), nullptr, 16) & (1ULL << (SIGCHLD - 1U)), 0U);
  EXPECT_EQ(::getpgid(worker), worker);
}

TEST_F(ForkServerTest, EndsWithItsHostHoweverThatEnds) {
  start();
  const auto worker = worker_of("hello");
  const auto fork_server = parent_of(worker);
  host_->signal(SIGKILL);
  host_->wait();
  wait_until([&] { return is_gone(fork_server) && is_gone(worker); });
}

TEST_F(ForkServerTest, IsForHostsAlone) {
  const auto ended = mortise({"worker"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("only a host starts workers"));
}

}  // namespace
}  // namespace mortise::integration
