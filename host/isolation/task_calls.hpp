// The tasks of a plugin that runs elsewhere, as the host keeps them: each is one of the host's, which calls the worker
// that has added it.
#pragma once

#include <mortise/abi/tasks.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "isolation/contract_calls.hpp"

namespace mortise::isolation {

/// What calls of tasks are made through.
const ForwardedContract& tasks_contract() noexcept;

/// Of one stand-in, over the lives of its workers. Any thread. What stands in a worker ends with it.
class TaskCalls {
 public:
  using Worker = std::shared_ptr<ContractCalls>;

  /// What its plugin has of the host; once, before the rest.
  void begin(const mortise_tasks_v1* table, mortise_host* host) noexcept {
    table_ = table;
    host_ = host;
  }
  /// As the host's add() has it; MORTISE_ALREADY_EXISTS: another worker of the plugin has the name.
  mortise_status add(const Worker& worker, const mortise_task_v1& task);
  void cancel(const Worker& worker, std::uint64_t tag);
  /// It has ended.
  void end(const Worker& worker);

 private:
  struct Forwarded {
    Worker worker;
    std::uint64_t tag = 0;  // as the worker has it
    bool comes_again = false;
  };

  static mortise_status run(void* self, std::uint64_t number, mortise_error* error);

  const mortise_tasks_v1* table_ = nullptr;
  mortise_host* host_ = nullptr;
  std::mutex mutex_;
  std::map<std::uint64_t, Forwarded> tasks_;  // guarded by mutex_; by the tag that the host has
};

}  // namespace mortise::isolation
