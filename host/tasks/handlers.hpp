// What instances have registered to run their plugins' durable tasks; in the host and in workers.
#pragma once

#include <mortise/abi/tasks.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/result.hpp"
#include "runtime/generation.hpp"

namespace mortise::tasks {

/// One, valid as long as its instance.
struct Handler {
  void* self = nullptr;
  decltype(mortise_task_handler_v1::run) run = nullptr;
};
using HandlerMap = std::map<std::string, Handler>;

/// Any thread. Each instance's are there from its init on, and complete after that.
class Handlers {
 public:
  /// [control-thread]
  base::Result<void> add(const runtime::Generation& generation, const mortise_task_handler_v1& handler);
  /// Whether all that the manifest names are there.
  [[nodiscard]] base::Result<void> check_complete(const runtime::Generation& generation) const;
  [[nodiscard]] HandlerMap find(const runtime::Generation& generation) const;
  void forget(const runtime::Generation& generation);

 private:
  mutable std::mutex mutex_;
  std::unordered_map<const runtime::Generation*, HandlerMap> by_generation_;  // guarded by mutex_
};

}  // namespace mortise::tasks
