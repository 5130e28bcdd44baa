// When a task runs, and the two clocks that say so: the steady one for what is so much later, and the one on the wall
// for what goes by a calendar, which people put forward and back.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "tasks/cron.hpp"

namespace mortise::tasks {

/// A moment, by both.
struct Moment {
  std::chrono::steady_clock::time_point steady;
  std::chrono::system_clock::time_point wall;
  static Moment now() noexcept { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }
};

/// By so much people do not put a clock back: it was wrong, and what it has said until then counts for nothing.
inline constexpr std::chrono::hours kLeap{24};

/// When it is due: by the one clock or the other.
struct Due {
  std::chrono::steady_clock::time_point steady{};
  std::optional<std::chrono::system_clock::time_point> wall{};  // counts where it is there
  [[nodiscard]] bool has_come(const Moment& now) const noexcept {
    return wall ? *wall <= now.wall : steady <= now.steady;
  }
};

/// Immutable; any thread.
class Timing {
 public:
  /// `every` zero: once. `cron` empty: there is none.
  static base::Result<Timing> make(std::chrono::milliseconds delay, std::chrono::milliseconds every,
                                   std::string_view cron, std::string_view time_zone);

  [[nodiscard]] bool comes_again() const noexcept { return cron_ || every_.count() > 0; }
  [[nodiscard]] Due first(const Moment& now) const;
  /// After a run that began when it was `due`. Runs that were missed are not made up for, and one that went by the
  /// calendar does not come again when the clock is put back by less than kLeap.
  [[nodiscard]] Due next(const Due& due, const Moment& now) const;

 private:
  Timing() = default;

  std::chrono::milliseconds delay_{0};
  std::chrono::milliseconds every_{0};
  std::optional<Cron> cron_;
};

}  // namespace mortise::tasks
