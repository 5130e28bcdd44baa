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
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "isolation/host_link.hpp"
#include "runtime/service.hpp"
#include "tasks/handlers.hpp"

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
  /// Whether there is a handler of each durable task that the manifest names.
  base::Result<void> initialised(const runtime::Generation& generation) override;

  /// Waits for the host's word. A name that another worker has is that one's, and no failure.
  base::Result<void> add(const runtime::Generation& generation, const mortise_task_v1& task);
  base::Result<void> cancel(std::uint64_t tag);
  base::Result<void> handle(const runtime::Generation& generation, const mortise_task_handler_v1& handler);

  /// Over which the host has tasks run (task_form.hpp).
  [[nodiscard]] const mortise_channel_v1& channel() const noexcept { return channel_; }

 private:
  struct Known {
    std::string name;
    bool comes_again = false;
    bool is_elsewhere = false;  // another worker of the plugin has that name, and runs it
    void* self = nullptr;
    decltype(mortise_task_v1::run) run = nullptr;
  };

  static mortise_status call(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply);
  mortise_status run(std::uint64_t tag);
  mortise_status run_durable(std::string_view request);
  void forget_task(std::uint64_t tag);  // under mutex_

  HostLink& link_;
  const mortise_channel_v1 channel_;
  std::mutex mutex_;
  // Guarded by mutex_:
  const runtime::Generation* generation_ = nullptr;  // the worker's only one, once it has a task
  std::map<std::uint64_t, Known> tasks_;             // by tag
  std::set<std::string> names_;                      // of those that come again
  // Of durable tasks, while the plugin's init runs; then in the order of the manifest, and never changed.
  tasks::Handlers registered_;
  std::vector<std::pair<std::string, tasks::Handler>> handlers_;
};

}  // namespace mortise::isolation
