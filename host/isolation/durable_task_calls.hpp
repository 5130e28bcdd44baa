// The handlers of a plugin's durable tasks that runs elsewhere, as the host knows them: each run goes to whichever of
// its workers has the least to do, as a contract's call does.
#pragma once

#include <mortise/abi/tasks.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "isolation/contract_calls.hpp"

namespace mortise::isolation {

/// Of one stand-in, for all of its workers. Any thread from begin() on.
class DurableTaskCalls {
 public:
  /// Null: none serves just now.
  using Turn = std::function<std::shared_ptr<ContractCalls>()>;

  explicit DurableTaskCalls(Turn turn) : turn_(std::move(turn)) {}
  DurableTaskCalls(const DurableTaskCalls&) = delete;
  DurableTaskCalls& operator=(const DurableTaskCalls&) = delete;

  /// Registers them by the names that the manifest has, which each worker compares with what its plugin registers; in
  /// its init. [control thread]
  mortise_status begin(const mortise_tasks_v1* table, mortise_host* host, const std::vector<std::string>& names,
                       mortise_error* error);

 private:
  struct Forwarded {
    DurableTaskCalls& calls;
    std::uint32_t number;  // among the names
    mortise_host* host;
  };

  static mortise_status run(void* self, const mortise_durable_task_v1* task, mortise_error* error);

  const Turn turn_;
  std::deque<Forwarded> all_;
};

}  // namespace mortise::isolation
