// What all loops of one server share. Lives as long as the last thread of the server, so that a handler that never
// returns finds it still there.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/server.hpp"
#include "http/spare_threads.hpp"
#include "runtime/blocking_pool.hpp"

namespace mortise::http {

class Loop;

struct Shared {
  explicit Shared(ServerSettings given);

  const ServerSettings settings;
  const std::string id_prefix;  // of generated request ids: random, the same for the process
  runtime::BlockingPool pool;
  SpareThreads watch;
  std::vector<std::unique_ptr<Loop>> loops;

  // What /readyz says; a flag on its own: relaxed.
  std::atomic<bool> is_ready{false};
  // No further keep-alive. Whoever reads it late closes one request later: relaxed.
  std::atomic<bool> is_draining{false};
  // Who waits for a request is closed; a flag on its own: relaxed.
  std::atomic<bool> is_closing_idle{false};
  // Connections open over all loops, against max_connections; a plain count: relaxed.
  std::atomic<std::uint32_t> connection_count{0};
  // Bulk of an exchange's unsent answer beyond which write() waits for the client.
  static constexpr std::size_t kHighWaterBytes = std::size_t{256} * 1024;
};

}  // namespace mortise::http
