// What the running host tells other processes on the same machine: status.json, rewritten at every change, and
// ports, the addresses it listens on. Both lie in the state directory.
#pragma once

#include <sys/types.h>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "release/runner.hpp"

namespace mortise {

/// Owned by the application; one thread at a time.
class StatusFile {
 public:
  /// `supervisor`: the process that signals go to.
  StatusFile(std::filesystem::path state_directory, pid_t supervisor, base::Files& files);

  /// Writes `ports`: one "address:port" a line; later status documents carry `urls`.
  void announce(const std::vector<std::string>& endpoints, std::vector<std::string> urls);
  /// Rewrites status.json if it would differ. A failure is logged and tried again at the next change.
  void write(const release::Status& status);
  /// Removes both: nothing runs here any more.
  void remove();

 private:
  std::filesystem::path directory_;
  pid_t supervisor_;
  base::Files& files_;
  std::string started_;
  std::vector<std::string> urls_;
  std::string last_;
};

}  // namespace mortise
