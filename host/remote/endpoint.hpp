// Another host that serves contracts: connections to it that are kept, calls that are made again where that is safe,
// and a circuit breaker for a host that is gone.
//
// A call that fails on its way is made again at most twice, on another connection and within its deadline: when it has
// certainly not arrived, or when its method is idempotent; and for about a second when it came to a host that starts.
// What the other host's plugin answers, a failure included, is an answer. The breaker heeds who does not answer at all:
// a balancer that says it has no host answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "loader/code.hpp"
#include "remote/connection.hpp"
#include "runtime/circuit_breaker.hpp"

namespace mortise::remote {

/// Any thread: who calls waits.
class Endpoint {
 public:
  /// `url`: "http://10.0.0.7:8080", as the config has checked it.
  Endpoint(const std::string& url, const runtime::CircuitLimits& circuit);

  /// A failure that is not the other host's plugin's names the URL.
  [[nodiscard]] Answer call(const Call& call);

  [[nodiscard]] loader::HostReport report() const;

 private:
  using Clock = Connection::Clock;
  using Admission = runtime::CircuitBreaker::Admission;

  [[nodiscard]] Attempt try_once(const Call& call);
  [[nodiscard]] std::unique_ptr<Connection> take_idle();
  void give_back(std::unique_ptr<Connection> connection);
  [[nodiscard]] Admission admit();
  /// `is_hurried`: that it is late speaks against its caller alone.
  void note(const Attempt& attempt, Admission admission, bool is_retry, bool is_hurried);
  [[nodiscard]] Answer give_up(const Call& call, bool has_arrived) const;
  [[nodiscard]] Answer refuse(bool has_arrived) const;

  const std::string url_;
  std::string host_;
  std::uint16_t port_ = 0;

  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::vector<std::unique_ptr<Connection>> idle_;  // those used last come last
  runtime::CircuitBreaker circuit_;
  loader::HostReport counts_;
};

}  // namespace mortise::remote
