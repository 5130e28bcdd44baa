// Who was at work when a process crashed: written by the dying thread, read by the next process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mortise::telemetry {

/// `plugin` is whose code the fault is in, or whose called what it is in (the C library, the host); without such a one
/// on the stack, whom the thread's LogScope tells of. Empty, and generation 0, where there is nobody.
struct CrashMark {
  std::int64_t pid = 0;  // of the process that crashed
  std::string signal;    // "SIGSEGV"
  std::string address;   // "0x0", of the fault; what it means depends on the signal
  std::string plugin;
  std::uint64_t generation = 0;
  std::string entered;  // the plugin that the request had entered, which may be another one
  std::string request_id;

  /// "SIGSEGV at 0x0, in request 7b1c-12 to 'shop'"; to whom only where that is another one than `plugin`.
  [[nodiscard]] std::string to_string() const;
};

/// Has a fatal signal leave its mark as `crash.PID` in `directory` before it ends the process as it would have. A
/// thread that has no stack left leaves none. Once, from main, before threads start.
void leave_crash_marks(const std::filesystem::path& directory);

/// The marks that processes before this one have left; they are removed.
std::vector<CrashMark> take_crash_marks(const std::filesystem::path& directory);

}  // namespace mortise::telemetry
