// mortise.events/1 in a worker: what the plugin publishes goes to the host, which has the topics. What it subscribes to
// are contracts that it provides, and come to it as calls do.
#pragma once

#include <mortise/abi/types.h>

#include <cstdint>
#include <deque>
#include <string_view>

#include "base/result.hpp"
#include "isolation/host_link.hpp"
#include "runtime/service.hpp"

namespace mortise::isolation {

/// One per worker, which never ends. Any thread, but for what says otherwise.
class RemoteEvents final : public runtime::Service {
 public:
  /// `link` outlives it.
  explicit RemoteEvents(HostLink& link) : link_(link) {}

  const void* interface(std::string_view id) const noexcept override;
  std::vector<Conflict> check(const runtime::GenerationSet&) override { return {}; }
  void publish(const runtime::ReleasePtr&) override {}
  void publish_canary(const runtime::ReleasePtr&, const runtime::CanaryShare&) override {}
  void cut(const runtime::Generation&) override {}
  void forget(const runtime::Generation&) override {}

  /// What the plugin holds of a topic.
  struct Topic {
    RemoteEvents& events;
    std::uint64_t number;  // in the order of registration
  };
  /// Main thread, inside a hook.
  base::Result<Topic*> open(std::string_view topic, std::string_view methods);
  base::Result<void> publish(const Topic& topic, std::string_view key, mortise_bytes bytes);

 private:
  HostLink& link_;
  std::deque<Topic> topics_;
};

}  // namespace mortise::isolation
