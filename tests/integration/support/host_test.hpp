// The fixture of every integration test: a prefix, and the host that runs on it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>

#include "support/host.hpp"

namespace mortise::integration {

class HostTest : public ::testing::Test {
 protected:
  /// A host that the test left running must end cleanly, as every host does.
  void TearDown() override {
    if (host_ && !host_->has_ended()) {
      EXPECT_EQ(host_->stop(), 0);
    }
    if (HasFailure() && host_) std::cerr << "the host's log:\n" << host_->log_text();
  }

  Host& start(const ChildSettings& settings = {}) {
    host_.emplace(prefix_, settings);
    host_->wait_until_ready();
    return *host_;
  }

  Finished mortise(std::vector<std::string> arguments) const {
    return integration::mortise(prefix_, std::move(arguments));
  }

  /// Both files appear between two looks of the host.
  void drop_both(const std::string& one, const std::string& other) {
    stop_process(host_->process());
    for (const auto& name : {one, other}) {
      const auto file = prefix_.drop(zoo_file(name));
      // Old: complete at first sight.
      std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - std::chrono::minutes(1));
    }
    ASSERT_EQ(::kill(host_->process(), SIGCONT), 0);
  }

  Prefix prefix_;
  std::optional<Host> host_;
};

}  // namespace mortise::integration
