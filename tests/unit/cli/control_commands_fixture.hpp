// Commands that ask the running host, against a control server whose host is made up.
#pragma once

#include <gtest/gtest.h>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "admin/control_server.hpp"
#include "admin/fake_control.hpp"
#include "base/temporary_directory.hpp"
#include "base/user.hpp"
#include "cli/command_line.hpp"

namespace mortise::cli {

class ControlCommands : public ::testing::Test {
 protected:
  void SetUp() override { testing::write_file(config_, R"({"state_directory": ".", "plugins_directory": "."})"); }

  void start() {
    server_.emplace(admin::ControlSettings{.socket = socket_},
                    admin::Controls{.releases = control_, .host = host_, .events = events_, .tasks = tasks_}, files_);
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
  }
  int run(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    std::vector<const char*> argv{"mortise", "--config", config_.c_str()};
    for (const auto& argument : arguments) argv.push_back(argument.c_str());
    return run_command_line(static_cast<int>(argv.size()), argv.data(), parts_);
  }

  testing::TemporaryDirectory directory_;
  std::filesystem::path config_ = directory_ / "mortise.json";
  std::filesystem::path socket_ = directory_ / "control.sock";
  base::RealFiles files_;
  admin::FakeControl control_;
  admin::FakeHost host_;
  admin::FakeEvents events_;
  admin::FakeTasks tasks_;
  std::optional<admin::ControlServer> server_;
  std::ostringstream out_;
  std::ostringstream err_;
  Parts parts_{files_, out_, err_, "/bin/false", {}, {}, {}, {}};
};

}  // namespace mortise::cli
