// One worker, as the host sees the process.
#pragma once

#include <sys/types.h>

#include <chrono>

#include "base/files.hpp"
#include "base/process.hpp"

namespace mortise::isolation {

/// A process that a fork server has started and tells of (fork_server.hpp). One thread.
class WorkerProcess {
 public:
  /// `ending` stands for it, and is readable once it has ended; over `channel` comes how, and as long as that is open
  /// its number is no other process's.
  WorkerProcess(pid_t pid, base::Descriptor ending, base::Descriptor channel) noexcept
      : pid_(pid), ending_(std::move(ending)), channel_(std::move(channel)) {}
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&&) = delete;
  /// Kills it, if it has not been waited for.
  ~WorkerProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] int ending() const noexcept { return ending_.get(); }
  /// Waits so long for that.
  [[nodiscard]] bool ends_within(std::chrono::milliseconds limit) const noexcept;
  void kill() const noexcept;
  /// Waits for its end. One of which nobody tells how, as its fork server has ended, counts as killed with that.
  base::ProcessEnd wait();

 private:
  pid_t pid_;  // 0: waited for, or moved from
  base::Descriptor ending_;
  base::Descriptor channel_;
};

}  // namespace mortise::isolation
