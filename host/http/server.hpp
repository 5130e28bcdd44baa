// The edge: the HTTP server that users reach, and the interfaces mortise.http/1, mortise.websocket/1 and
// mortise.assets/1 that plugins reach it by. Invariant: a request runs on the route table that was current when
// its head was complete; that table pins the generations it leads to.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/inherited_sockets.hpp"
#include "base/result.hpp"
#include "runtime/offer.hpp"
#include "runtime/service.hpp"

namespace mortise::http {

struct Tls {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

struct Listen {
  std::string address;
  std::uint16_t port = 0;  // 0: the kernel chooses
  std::optional<Tls> tls;
};

/// Limits and times; the meaning and defaults of each key stand in docs/configuration.md.
struct ServerSettings {
  std::vector<Listen> listen;
  unsigned threads = 0;  // 0: one loop per core that the process may run on
  unsigned blocking_threads = 64;
  std::uint64_t max_header_bytes = 16384;
  std::uint64_t max_body_bytes = 1048576;
  std::uint32_t max_connections = 65536;
  std::chrono::milliseconds header_timeout{10000};
  std::chrono::milliseconds body_timeout{30000};
  std::chrono::milliseconds idle_timeout{75000};
  std::chrono::milliseconds write_timeout{30000};
  bool access_log = false;
};

/// Owned by the application; outlives every generation. Thread rules as in Service; start/stop from one thread.
class Server final : public runtime::Service {
 public:
  explicit Server(ServerSettings settings);
  ~Server() override;

  /// Takes the sockets of every address from `inherited`, or binds it where there are none (the error names the one
  /// that is taken), and starts the loops. Who connects waits until accept().
  base::Result<void> start(base::InheritedSockets& inherited);
  /// Serves; before the first publish, everything but /livez and /readyz is 503.
  void accept();
  /// One descriptor for each socket that listens, to hand over to another process; valid until drain() or retire().
  [[nodiscard]] std::vector<int> listening_sockets() const;
  /// The ports in the order of settings.listen, the kernel's choice filled in.
  [[nodiscard]] std::vector<std::uint16_t> ports() const;
  /// What /readyz answers: false is a 503. Any thread.
  void set_ready(bool ready);
  /// Stops accepting, and has every connection end with the answer to its next request. Returns when none is left, or
  /// `patience` is over. A client that uses its connection meanwhile finds it open, unlike after drain(): where
  /// another process listens on the same sockets, nobody is refused.
  void retire(std::chrono::milliseconds patience);
  /// Stops accepting and closes idle connections; requests in flight go on, their answers say Connection: close.
  void drain();
  /// drain(), then waits for the requests in flight up to `grace`, cuts the rest, ends the threads. Returns the
  /// number of requests that were cut.
  std::size_t stop(std::chrono::milliseconds grace);

  /// The interfaces that every instance has. Any thread.
  static std::span<const runtime::Offer> offers() noexcept;

  const void* interface(std::string_view id) const noexcept override;
  std::vector<Conflict> check(const runtime::GenerationSet& next) override;
  void publish(const runtime::ReleasePtr& next) override;
  void publish_canary(const runtime::ReleasePtr& canary, const runtime::CanaryShare& share) override;
  void cut(const runtime::Generation& generation) override;
  void forget(const runtime::Generation& generation) override;

 private:
  friend class RouteRegistry;  // finds itself for a generation
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mortise::http
