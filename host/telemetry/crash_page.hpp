// Memory in which a dying thread leaves its mark for another process. It is shared with the processes that are forked
// after it was made, so that it needs no disk, and nothing is left behind.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "telemetry/crash_mark.hpp"

namespace mortise::telemetry {

/// Made and read by the supervisor; written by one thread of one host process at a time.
class CrashPage {
 public:
  static base::Result<CrashPage> make();
  CrashPage(CrashPage&& other) noexcept;
  CrashPage& operator=(CrashPage&& other) noexcept;
  ~CrashPage();

  /// What the process that has ended has left, and makes room for the next; none: nothing.
  std::optional<CrashMark> take();

  /// The memory itself. Async-signal-safe throughout.
  struct Page {
    static constexpr std::size_t kBytes = 32768;
    // The id of the thread that dies first, and so may write; 0: nobody does. Orders nothing: a thread asks only
    // whether it is the one.
    std::atomic<std::uint32_t> writer{0};
    // Of `text`; what lies before it is whole, also when the writer has faulted in the middle.
    std::atomic<std::uint32_t> size{0};
    std::array<char, kBytes - 2 * sizeof(std::uint32_t)> text;

    /// False: another thread is about it.
    bool claim() noexcept;
    /// What does not fit is lost.
    void append(std::string_view text) noexcept;
  };
  [[nodiscard]] Page& page() const noexcept { return *page_; }

 private:
  explicit CrashPage(Page* page) noexcept : page_(page) {}
  Page* page_;  // null: moved from
};

}  // namespace mortise::telemetry
