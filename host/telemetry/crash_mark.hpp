// Who was at work when the process crashed: written by the dying thread, read by the next process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace mortise::telemetry {

/// From the LogScope of the thread that crashed; plugin and request are empty, and generation 0, where it had none.
struct CrashMark {
  std::string signal;   // "SIGSEGV"
  std::string address;  // "0x0", of the fault; what it means depends on the signal
  std::string plugin;
  std::uint64_t generation = 0;
  std::string request_id;

  /// "SIGSEGV at 0x0, in request 7b1c-12".
  [[nodiscard]] std::string to_string() const;
};

/// Has a fatal signal leave its mark in `file` before it ends the process as it would have. A thread that has no stack
/// left leaves none. Once, from main, before threads start.
void leave_crash_marks(const std::filesystem::path& file);

/// The mark that a process before this one has left, if any; it is removed.
std::optional<CrashMark> take_crash_mark(const std::filesystem::path& file);

}  // namespace mortise::telemetry
