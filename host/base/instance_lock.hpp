// Keeps two processes from working on the same directory at once.
#pragma once

#include <filesystem>
#include <utility>

#include "base/files.hpp"
#include "base/result.hpp"

namespace mortise::base {

/// An exclusive lock on a file, held until destruction or the end of the process, however it ends.
class InstanceLock {
 public:
  /// Fails at once when another process holds it; the error names that process.
  static Result<InstanceLock> acquire(const std::filesystem::path& file);
  /// The same lock in another process, by a descriptor that it was given: held until both have let go.
  static InstanceLock share(Descriptor file) { return InstanceLock(std::move(file)); }

  /// Whether it is the lock on this file.
  [[nodiscard]] bool is_on(const std::filesystem::path& file) const;
  /// To share it by.
  [[nodiscard]] int descriptor() const { return file_.get(); }
  /// Has the file name this process.
  void tell_pid() const;

 private:
  explicit InstanceLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace mortise::base
