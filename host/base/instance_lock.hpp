// Keeps two processes from working on the same directory at once.
#pragma once

#include <sys/types.h>
#include <filesystem>
#include <utility>

#include "base/files.hpp"
#include "base/result.hpp"

namespace mortise::base {

/// An exclusive lock on a file, held until destruction or the end of the process, however it ends.
class InstanceLock {
 public:
  /// Fails at once when another process holds it; the error names that process. Where that one is gone, and only the
  /// host process that it had started still dies with it, waits for the end of that.
  static Result<InstanceLock> acquire(const std::filesystem::path& file);
  /// The same lock in another process, by a descriptor that it was given: held until both have let go.
  static InstanceLock share(Descriptor file) { return InstanceLock(std::move(file)); }

  /// Whether it is the lock on this file.
  [[nodiscard]] bool is_on(const std::filesystem::path& file) const;
  /// To share it by.
  [[nodiscard]] int descriptor() const { return file_.get(); }
  /// Has the file name the process that holds it, as people know it, and this one.
  void tell_pids(pid_t holder) const;

 private:
  explicit InstanceLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace mortise::base
