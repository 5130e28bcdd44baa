// Who was at work when a process crashed, as the dying thread has put it down for the process that outlives it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::telemetry {

/// `plugin` is whose code the fault is in, or whose called what it is in (the C library, the host); without such a one
/// on the stack, whom the thread's LogScope tells of. Empty, and generation 0, where there is nobody.
struct CrashMark {
  std::int64_t pid = 0;      // of the process that crashed
  std::int64_t time_ms = 0;  // since 1970, of its end
  std::string signal{};      // "SIGSEGV"; "exit": the process was ended by a call of exit()
  std::string address{};     // "0x0", of the fault; what it means depends on the signal
  std::string plugin{};
  std::uint64_t generation = 0;
  std::string sha256{};   // of that generation's image
  std::string entered{};  // the plugin that the request had entered, which may be another one
  std::string request_id{};
  std::string route{};  // that the request had taken
  /// One place in code a line, the innermost first: "PATH+0x11d6 build-id 5af3… (shop)".
  std::vector<std::string> frames{};

  /// "SIGSEGV at 0x0, in request 7b1c-12 to 'shop' (/shop)"; to whom only where that is another one than `plugin`.
  [[nodiscard]] std::string to_string() const;
};

/// Of the lines that a dying thread has written: a key, a space, a value; of two with one key the last counts.
CrashMark parse_crash_mark(std::string_view text);

}  // namespace mortise::telemetry
