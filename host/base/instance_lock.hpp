// Keeps two processes from working on the same directory at once.
#pragma once

#include <filesystem>

#include "base/files.hpp"
#include "base/result.hpp"

namespace mortise::base {

/// An exclusive lock on a file, held until destruction or the end of the process, however it ends.
class InstanceLock {
 public:
  /// Fails at once when another process holds it; the error names that process.
  static Result<InstanceLock> acquire(const std::filesystem::path& file);

 private:
  explicit InstanceLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace mortise::base
