// One `mortise worker`, as the host sees the process.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>

#include "base/files.hpp"
#include "base/process.hpp"
#include "base/result.hpp"

namespace mortise::isolation {

/// What a worker finds as its descriptors.
inline constexpr int kTalkDescriptor = 3;
inline constexpr int kAreaDescriptor = 4;
inline constexpr int kWakeDescriptor = 5;

/// Started and waited for by one thread, with whose end the worker is killed by the system: the thread must outlive it.
class WorkerProcess {
 public:
  /// From the executable that runs, whatever lies at its path by then; with an empty environment. The worker shares
  /// what the descriptors stand for: nothing of that may be the host's to rely on.
  static base::Result<WorkerProcess> start(int talk, int area, int wake);
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&&) = delete;
  /// Kills it, if it has not been waited for.
  ~WorkerProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Readable once it has ended.
  [[nodiscard]] int ending() const noexcept { return ending_.get(); }
  /// Waits so long for that.
  [[nodiscard]] bool ends_within(std::chrono::milliseconds limit) const noexcept;
  void kill() const noexcept;
  /// Waits for its end.
  base::ProcessEnd wait();

 private:
  WorkerProcess(pid_t pid, base::Descriptor ending) noexcept : pid_(pid), ending_(std::move(ending)) {}

  pid_t pid_;  // 0: waited for, or moved from
  base::Descriptor ending_;
};

}  // namespace mortise::isolation
