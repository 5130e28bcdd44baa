// mortise.tasks/1 in a worker: the host keeps the times, and calls when one has come.
#pragma once

#include <mortise/abi/contracts.h>
#include <mortise/abi/tasks.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "isolation/host_link.hpp"
#include "runtime/service.hpp"

namespace mortise::isolation {

/// One per worker, which never ends. Any thread.
class RemoteTasks final : public runtime::Service {
 public:
  /// `link` outlives it.
  explicit RemoteTasks(HostLink& link);

  const void* interface(std::string_view id) const noexcept override;
  std::vector<Conflict> check(const runtime::GenerationSet&) override { return {}; }
  void publish(const runtime::ReleasePtr&) override {}
  void publish_canary(const runtime::ReleasePtr&, const runtime::CanaryShare&) override {}
  void cut(const runtime::Generation&) override {}
  void forget(const runtime::Generation&) override {}

  base::Result<void> add(const runtime::Generation& generation, const mortise_task_v1& task);
  base::Result<void> cancel(std::uint64_t tag);

  /// Over which the host has tasks run: the request is a tag.
  [[nodiscard]] const mortise_channel_v1& channel() const noexcept { return channel_; }

 private:
  struct Known {
    std::string name;
    bool comes_again = false;
    void* self = nullptr;
    decltype(mortise_task_v1::run) run = nullptr;
  };

  static mortise_status call(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply);
  mortise_status run(std::uint64_t tag);
  void forget_task(std::uint64_t tag);  // under mutex_

  HostLink& link_;
  const mortise_channel_v1 channel_;
  std::mutex mutex_;
  // Guarded by mutex_:
  const runtime::Generation* generation_ = nullptr;  // the worker's only one, once it has a task
  std::map<std::uint64_t, Known> tasks_;             // by tag
  std::set<std::string> names_;                      // of those that come again
};

}  // namespace mortise::isolation
