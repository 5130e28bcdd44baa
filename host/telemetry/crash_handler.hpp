// Has a process that dies leave its mark: at a fatal signal, and at an exit() that nobody has asked for.
#pragma once

#include <cstddef>

#include "telemetry/crash_page.hpp"

namespace mortise::telemetry {

/// From here on a fatal signal, or exit() and quick_exit(), leave their mark in `page`, which is never unmapped, before
/// they end the process as they would have; exit() without destructors, in whose way other threads are. Once, before
/// threads start.
void leave_crash_marks(CrashPage page);

/// The end that follows is meant: exit() is what it always is.
void expect_exit() noexcept;

/// A stack of its own for the handler, so that a thread which has used up its stack can leave its mark. One per thread
/// that runs plugins' code, on that thread; where there is one already (a sanitizer's), that stays.
class CrashStack {
 public:
  CrashStack() noexcept;
  ~CrashStack();
  CrashStack(const CrashStack&) = delete;
  CrashStack& operator=(const CrashStack&) = delete;

 private:
  void* memory_ = nullptr;
};

}  // namespace mortise::telemetry
