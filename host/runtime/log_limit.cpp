#include "runtime/log_limit.hpp"

#include <utility>

namespace mortise::runtime {

void LogLimit::set(std::uint32_t lines) {
  const std::lock_guard lock(mutex_);
  limit_ = lines;
}

LogLimit::Verdict LogLimit::admit(Time now) {
  const std::lock_guard lock(mutex_);
  Verdict verdict;
  if (now - since_ >= std::chrono::seconds(1)) {
    since_ = now;
    admitted_ = 0;
    verdict.dropped_before = std::exchange(dropped_, 0);
  }
  verdict.is_admitted = limit_ == 0 || admitted_ < limit_;
  if (verdict.is_admitted) {
    ++admitted_;
  } else {
    ++dropped_;
    ++dropped_in_all_;
  }
  return verdict;
}

std::uint64_t LogLimit::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_in_all_;
}

}  // namespace mortise::runtime
