// The threads of a worker that run its plugin's handlers: one more than are at work, up to the plugin's limit.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "isolation/host_link.hpp"
#include "isolation/remote_exchange.hpp"
#include "isolation/remote_http.hpp"
#include "runtime/release.hpp"

namespace mortise::isolation {

/// One per worker; its threads end with the process, so that it is never destroyed.
class Crew {
 public:
  /// `link` and `http` outlive it; `cone` is what handlers can reach.
  Crew(HostLink& link, const RemoteHttp& http, runtime::ConePtr cone);

  /// From here on calls are taken.
  void start();
  /// Until no handler runs. No call is submitted any more.
  void wait_until_idle();

 private:
  void add_thread();
  void work();
  std::uint32_t take();
  void run(RemoteExchange& exchange) const;
  void tell_of_gone_clients();

  HostLink& link_;
  const RemoteHttp& http_;
  const runtime::ConePtr cone_;
  std::array<RemoteExchange, kCallCount> exchanges_;

  std::mutex mutex_;
  std::condition_variable idle_;
  // Guarded by mutex_:
  RingReader<std::uint32_t> submissions_;
  std::uint32_t threads_ = 0;
  std::uint32_t taking_ = 0;   // threads that wait for a call
  std::uint32_t at_work_ = 0;  // threads that run a handler
};

}  // namespace mortise::isolation
