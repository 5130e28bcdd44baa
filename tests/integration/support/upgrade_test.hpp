// The fixture of tests in which a host is replaced: knows every host that there was, and ends the last.
#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <string>
#include <vector>

#include "support/gate.hpp"
#include "support/host_test.hpp"

namespace mortise::integration {

class UpgradeTest : public HostTest {
 protected:
  /// A host whose parent has ended is this process's child from then on.
  UpgradeTest() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

  void TearDown() override {
    if (!hosts_.empty()) {
      EXPECT_EQ(host_->wait(), 0) << "the first was replaced";
      for (std::size_t i = 0; i + 1 < hosts_.size(); ++i) EXPECT_EQ(wait_for_end(hosts_[i]), 0);
      EXPECT_EQ(::kill(hosts_.back(), SIGTERM), 0);
      EXPECT_EQ(wait_for_end(hosts_.back()), 0);
    }
    HostTest::TearDown();
  }

  /// What `mortise upgrade-host` says, which must succeed; the pid of the host that serves from here on.
  pid_t upgrade() {
    const auto done = mortise({"upgrade-host", "--json"});
    if (done.code != 0) throw std::runtime_error("no upgrade: " + done.out + done.err);
    return follow(nlohmann::json::parse(done.out)["pid"].get<pid_t>());
  }
  /// A host that has taken over by other means.
  pid_t follow(pid_t pid) {
    hosts_.push_back(pid);
    return pid;
  }
  /// Why `mortise upgrade-host` fails, which it must.
  [[nodiscard]] std::string why_not() const {
    const auto done = mortise({"upgrade-host"});
    EXPECT_EQ(done.code, 1) << done.out;
    return done.err;
  }

  std::vector<pid_t> hosts_;  // those after the first
};

}  // namespace mortise::integration
