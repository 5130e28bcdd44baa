// Tells when a plugin that runs in the host process has taken more memory there than its limit: nothing can hold it to
// that, but somebody should know.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "release/status.hpp"
#include "runtime/memory_account.hpp"

namespace mortise::release {

/// Release thread only.
class MemoryAlarms {
 public:
  using Clock = std::chrono::steady_clock;

  struct Subject {
    std::string plugin;
    const runtime::MemoryAccount* account = nullptr;  // the process's
    std::uint64_t limit_bytes = 0;
  };
  /// These from here on, and no others; where nothing has changed about one, what is known of it stays.
  void follow(std::vector<Subject> subjects);
  /// Looks at all, and logs what begins and what ends; whether something has. An alarm ends when a tenth of the limit
  /// is free again, so that one that goes up and down about its limit is not told again and again.
  bool look(Clock::time_point now);
  /// When to look again; none: nobody has a limit.
  [[nodiscard]] std::optional<Clock::time_point> next_look() const;
  /// What the plugin has at this moment, beside what is known of its limit; of one that has none that is 0.
  [[nodiscard]] MemoryStatus describe(const std::string& plugin, const runtime::MemoryAccount& account) const;

 private:
  struct Followed {
    Subject subject;
    bool is_over = false;
  };
  std::vector<Followed> followed_;  // by plugin
  Clock::time_point last_look_{};
};

}  // namespace mortise::release
