// The fixture of tests that look at the processes of isolated plugins: which there are, and how they come and go.
#pragma once

#include <signal.h>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "support/host_test.hpp"

namespace mortise::integration {

class WorkersTest : public HostTest {
 protected:
  /// What the control API tells of the plugin.
  [[nodiscard]] nlohmann::json status_of(const std::string& plugin) const {
    const auto status = host_->ask("GET", "/v1/status");
    for (const auto& one : status["plugins"]) {
      if (one["name"] == plugin) return one;
    }
    return {};
  }
  [[nodiscard]] pid_t worker_of(const std::string& plugin) const {
    return status_of(plugin)["worker"]["pid"].get<pid_t>();
  }
  /// Waits for something that nothing announces.
  static void wait_until(const std::function<bool()>& is_so) {
    const auto limit = std::chrono::steady_clock::now() + kPatience;
    bool is_done = is_so();
    while (!is_done && std::chrono::steady_clock::now() < limit) {
      std::this_thread::yield();
      is_done = is_so();
    }
    EXPECT_TRUE(is_done);
  }
  /// Kills the plugin's worker and waits for the next one.
  void kill_worker(const std::string& plugin) const {
    const auto pid = worker_of(plugin);
    ASSERT_NE(pid, 0);
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    wait_until([&] {
      const auto next = worker_of(plugin);
      return next != 0 && next != pid;
    });
  }
};

}  // namespace mortise::integration
