// What serves requests in a worker: it runs its plugin's handlers on as many threads as the plugin may have.
#pragma once

#include <array>
#include <cstdint>

#include "isolation/bindings.hpp"
#include "isolation/host_link.hpp"
#include "isolation/remote_exchange.hpp"
#include "isolation/remote_http.hpp"
#include "isolation/ring_crew.hpp"

namespace mortise::isolation {

/// One per worker; its threads end with the process, so that it is never destroyed.
class Crew {
 public:
  /// All of them outlive it; `bindings` are what handlers can reach.
  Crew(HostLink& link, const RemoteHttp& http, Bindings& bindings);

  /// From here on requests are taken.
  void start();
  /// Until no handler runs. No request is submitted any more.
  void wait_until_idle() { crew_.wait_until_idle(); }

 private:
  void run(std::uint32_t number);
  [[nodiscard]] std::uint32_t most_threads() const;
  void tell_of_gone_clients();

  HostLink& link_;
  const RemoteHttp& http_;
  Bindings& bindings_;
  std::array<RemoteExchange, kCallCount> exchanges_;
  RingCrew crew_;
};

}  // namespace mortise::isolation
