// nginx as a balancer on the loopback, with the part of its configuration that stands in docs/admin.md.
#pragma once

#include <Poco/Net/ServerSocket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/temporary_directory.hpp"
#include "support/child.hpp"

namespace mortise::integration {

/// Runs from construction on; killed at destruction. One thread.
class Nginx {
 public:
  /// Before two hosts, as the documented upstream has them, on these ports of the loopback.
  Nginx(std::uint16_t one_replica, std::uint16_t other_replica);

  [[nodiscard]] std::uint16_t port() const { return place_.address().port(); }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
  [[nodiscard]] std::vector<std::string> log() const { return process_->error_output().lines(); }

 private:
  testing::TemporaryDirectory directory_;
  Poco::Net::ServerSocket place_;  // keeps the port for nginx, and does not listen
  std::optional<Child> process_;
};

}  // namespace mortise::integration
