// A host that a test makes up, and a next host that is a script of the shell: it says lines on descriptor 3.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "takeover/next_host.hpp"

namespace mortise::takeover {

/// Writes down what was asked of it.
class FakeOutgoing final : public Outgoing {
 public:
  [[nodiscard]] int lock() const override { return 2; }
  [[nodiscard]] std::vector<int> listening_sockets() const override { return {}; }
  base::Result<std::vector<std::string>> lend_state(std::chrono::steady_clock::time_point deadline,
                                                    const std::stop_token& giving_up) override {
    calls.emplace_back("lend");
    if (lend) lend(deadline, giving_up);
    return lent;
  }
  void take_state_back() override { calls.emplace_back("take back"); }
  void on_upgrading(pid_t next) override { calls.emplace_back(next == 0 ? "upgrading" : "started"); }
  void on_kept() override { calls.emplace_back("kept"); }
  void on_replaced(pid_t /*next*/) override { calls.emplace_back("replaced"); }

  base::Result<std::vector<std::string>> lent = std::vector<std::string>{"rates"};
  std::function<void(std::chrono::steady_clock::time_point, const std::stop_token&)> lend;  // beside that
  std::vector<std::string> calls;
};

inline constexpr pid_t kThisHost = 4711;

inline UpgradeSettings run_script(std::string script, std::chrono::milliseconds limit = std::chrono::seconds(30)) {
  return {.executable = "/bin/sh",
          .arguments = {"sh", "-c", std::move(script)},
          .environment = {"PATH=/usr/bin:/bin"},
          .pid = kThisHost,
          .limit = limit};
}

// Pieces of such scripts.
inline const std::string kSayPrepared = R"(echo '{"say":"prepared"}' >&3; read lent <&3; )";
inline const std::string kSayReady = R"(echo '{"say":"ready","running":["rates"],"reasons":{}}' >&3; read yours <&3; )";
inline const std::string kSayServing = R"(echo '{"say":"serving"}' >&3; )";

}  // namespace mortise::takeover
