// mortise.events/1 in a worker: what the plugin publishes goes to the host, which has the topics: over the ring of
// completions, or, what is durable, as a statement to the plugin's database. What it subscribes to are contracts that
// it provides, and come to it as calls do.
#pragma once

#include <mortise/abi/sql.h>
#include <mortise/abi/types.h>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "isolation/host_link.hpp"
#include "isolation/remote_sql.hpp"
#include "runtime/service.hpp"

namespace mortise::isolation {

/// One per worker, which never ends. Any thread, but for what says otherwise.
class RemoteEvents final : public runtime::Service {
 public:
  /// Both outlive it.
  RemoteEvents(HostLink& link, RemoteSql& sql) : link_(link), sql_(sql) {}

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
    std::uint64_t form;
    std::string durable;  // its id, where it is
  };
  /// Main thread, inside a hook.
  base::Result<Topic*> open(std::string_view topic, std::string_view methods, bool is_durable);
  base::Result<void> publish(const Topic& topic, mortise_sql_transaction* transaction, std::string_view key,
                             mortise_bytes bytes);

 private:
  HostLink& link_;
  RemoteSql& sql_;
  std::deque<Topic> topics_;
};

}  // namespace mortise::isolation
