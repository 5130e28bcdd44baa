// A disk that is full, as far as a process can have one without its own file system.
#pragma once

#include <sys/resource.h>
#include <csignal>
#include <cstdint>
#include <stdexcept>

namespace mortise::testing {

/// While it lives, no file of this process grows beyond so many bytes: writing there fails with EFBIG.
class LargestFile {
 public:
  explicit LargestFile(std::uintmax_t bytes) : former_action_(std::signal(SIGXFSZ, SIG_IGN)) {
    if (::getrlimit(RLIMIT_FSIZE, &former_) != 0) throw std::runtime_error("no limit of files' sizes");
    auto limit = former_;
    limit.rlim_cur = bytes;
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) throw std::runtime_error("cannot limit files' sizes");
  }
  LargestFile(const LargestFile&) = delete;
  LargestFile& operator=(const LargestFile&) = delete;
  ~LargestFile() {
    ::setrlimit(RLIMIT_FSIZE, &former_);
    std::signal(SIGXFSZ, former_action_);
  }

 private:
  void (*const former_action_)(int);
  rlimit former_{};
};

}  // namespace mortise::testing
