#include "release/memory_alarms.hpp"

#include <algorithm>
#include <utility>

#include "telemetry/log.hpp"

namespace mortise::release {
namespace {

using telemetry::Level;

constexpr std::chrono::seconds kBetweenLooks{1};
constexpr std::uint64_t kTenths = 10;

void tell(Level level, const char* what, const std::string& plugin, std::uint64_t bytes, std::uint64_t limit) {
  telemetry::log(
      level, "release", what,
      {{"plugin", plugin}, {"bytes", std::to_string(bytes)}, {"limits.memory_bytes", std::to_string(limit)}});
}

}  // namespace

void MemoryAlarms::follow(std::vector<Subject> subjects) {
  std::sort(subjects.begin(), subjects.end(), [](const auto& a, const auto& b) { return a.plugin < b.plugin; });
  const auto before = std::exchange(followed_, {});
  for (auto& subject : subjects) {
    const auto known = std::find_if(before.begin(), before.end(),
                                    [&](const Followed& one) { return one.subject.plugin == subject.plugin; });
    const bool is_same = known != before.end() && known->subject.limit_bytes == subject.limit_bytes;
    followed_.push_back({.subject = std::move(subject), .is_over = is_same && known->is_over});
  }
}

bool MemoryAlarms::look(Clock::time_point now) {
  if (followed_.empty() || now < last_look_ + kBetweenLooks) return false;
  last_look_ = now;
  bool has_changed = false;
  for (auto& [subject, is_over] : followed_) {
    const auto bytes = subject.account->use().total();
    const auto end = subject.limit_bytes - subject.limit_bytes / kTenths;
    if (is_over ? bytes >= end : bytes <= subject.limit_bytes) continue;
    is_over = !is_over;
    has_changed = true;
    if (is_over) {
      tell(Level::warning,
           "a plugin has taken more memory than its limit, which only a process of its own can hold it to",
           subject.plugin, bytes, subject.limit_bytes);
    } else {
      tell(Level::info, "a plugin is within its limit of memory again", subject.plugin, bytes, subject.limit_bytes);
    }
  }
  return has_changed;
}

std::optional<MemoryAlarms::Clock::time_point> MemoryAlarms::next_look() const {
  if (followed_.empty()) return std::nullopt;
  return last_look_ + kBetweenLooks;
}

MemoryStatus MemoryAlarms::describe(const std::string& plugin, const runtime::MemoryAccount& account) const {
  MemoryStatus status{.use = account.use()};
  for (const auto& [subject, is_over] : followed_) {
    if (subject.plugin != plugin) continue;
    status.limit_bytes = subject.limit_bytes;
    status.is_over = is_over;
  }
  return status;
}

}  // namespace mortise::release
