// What an outbox writes in its turns: what its couriers have done, who subscribes, and what nobody needs any more.
#include <algorithm>
#include <limits>
#include <utility>

#include "events/outbox.hpp"
#include "telemetry/log.hpp"

namespace mortise::events {
namespace {

// Before what nobody has subscribed to goes.
constexpr std::chrono::seconds kBetweenPrunes{1};
// Rows that go in one transaction: who publishes waits for it.
constexpr std::size_t kMostPruned = 5000;

std::chrono::milliseconds rest_of(std::chrono::steady_clock::duration pause,
                                  std::chrono::steady_clock::time_point since) {
  const auto passed = std::chrono::steady_clock::now() - since;
  return std::chrono::ceil<std::chrono::milliseconds>(std::max(pause - passed, std::chrono::steady_clock::duration(0)));
}

}  // namespace

/// Of those that run, what the newest release has them not hear any more. Under mutex_.
std::vector<Outbox::Begun> Outbox::find_ended() const {
  std::vector<Begun> ended;
  for (const auto& [plugin, seat] : seats_) {
    const auto found = addressees_.find(plugin);
    if (found == addressees_.end()) continue;
    for (const auto& [topic, since] : seat.stored.topics) {
      if (!found->second.topics.contains(topic)) ended.push_back({.plugin = plugin, .topic = topic, .since = since});
    }
  }
  return ended;
}

/// Subscriptions that have begun and ended; puts those back unless they were written.
class Outbox::Changes {
 public:
  explicit Changes(Outbox& outbox) : outbox_(outbox) {
    const std::lock_guard lock(outbox_.mutex_);
    ended = outbox_.find_ended();
    for (const auto& one : ended) outbox_.subscribed_[one.plugin].erase(one.topic);  // who comes back begins anew
    begun = std::exchange(outbox_.begun_, {});
  }
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;
  ~Changes() {
    const std::lock_guard lock(outbox_.mutex_);
    outbox_.begun_.insert(outbox_.begun_.begin(), begun.begin(), begun.end());
  }
  [[nodiscard]] bool are_any() const noexcept { return !begun.empty() || !ended.empty(); }

  std::vector<Begun> begun;
  std::vector<Begun> ended;

 private:
  Outbox& outbox_;
};

/// What there is to write, unless more is to be waited for.
base::Result<void> Outbox::write(Clock::time_point deadline, bool is_at_once) {
  const auto needless = find_needless();
  if (!needless) return needless.error();
  Changes changes(*this);
  if (!changes.are_any() && !is_at_once && !is_time_to_write(*needless)) return {};
  for (auto& [plugin, seat] : seats_) {
    if (!seat.unsaved) seat.unsaved = seat.courier->take_progress();
  }
  const auto writing = database_->begin(sql::Database::Access::own, deadline);
  if (!writing) return writing.error();
  OutboxRows rows((*writing)->connection());
  std::vector<DeadLetter> dead;
  for (const auto& [plugin, seat] : seats_) {
    if (auto written = write_progress(rows, plugin, *seat.unsaved, dead); !written) return written;
  }
  std::optional<std::map<std::string, StoredSubscriber>> stored;
  auto pruned = pruned_to_;
  if (changes.are_any()) {
    auto changed = write_subscriptions(rows, changes);
    if (!changed) return changed.error();
    stored = std::move(*changed);
  } else {
    const auto done = prune(rows, *needless);
    if (!done) return done.error();
    pruned = *done;
  }
  if (auto committed = (*writing)->commit(); !committed) return committed;
  written_at_ = Clock::now();
  pruned_to_ = pruned;
  for (auto& [plugin, seat] : seats_) {
    seat.courier->note_written(*seat.unsaved);
    seat.stored.cursor = seat.unsaved->cursor;
    seat.unsaved.reset();
  }
  for (const auto& one : dead) log_dead(one);
  if (!stored) return {};
  changes.begun.clear();
  take_seats(*stored);
  pruned_to_ = std::min(pruned_to_, eldest_);
  return {};
}

/// The last that nobody waits for, as far as the tables know.
base::Result<std::int64_t> Outbox::find_needless() {
  if (!seats_.empty()) {
    const auto is_before = [](const auto& a, const auto& b) { return a.second.stored.cursor < b.second.stored.cursor; };
    return std::min_element(seats_.begin(), seats_.end(), is_before)->second.stored.cursor;
  }
  const std::lock_guard lock(mutex_);  // who subscribes from here on wants none of those
  return last_id();
}

bool Outbox::is_time_to_write(std::int64_t needless) {
  bool is_any = false;
  for (const auto& [plugin, seat] : seats_) {
    if (seat.unsaved) return true;
    const auto unwritten = seat.courier->unwritten();
    if (unwritten.is_any && unwritten.is_urgent) return true;
    is_any |= unwritten.is_any;
  }
  const auto pause = seats_.empty() ? Clock::duration(kBetweenPrunes) : Clock::duration(kBetweenWrites);
  if (!is_any && needless <= pruned_to_) return false;
  const auto left = rest_of(pause, written_at_);
  if (left.count() <= 0 || needless - pruned_to_ >= static_cast<std::int64_t>(kMostPruned)) return true;
  wake_in(left);
  return false;
}

base::Result<std::map<std::string, StoredSubscriber>> Outbox::write_subscriptions(OutboxRows& rows,
                                                                                  const Changes& changes) {
  for (const auto& one : changes.ended) {
    if (auto done = rows.end_subscription(one.plugin, one.topic); !done) return done.error();
  }
  for (const auto& one : changes.begun) {
    if (auto done = rows.begin_subscription(one.plugin, one.topic, one.since); !done) return done.error();
  }
  // What was kept for those that have ended goes with the next look at the eldest.
  const auto first = rows.first_id();
  if (!first) return first.error();
  eldest_ = std::max<std::int64_t>(*first - 1, 0);
  return rows.subscribers();
}

base::Result<void> Outbox::write_progress(OutboxRows& rows, const std::string& plugin, const Progress& progress,
                                          std::vector<DeadLetter>& dead) {
  const auto now = wall_clock_ms();
  std::set<std::string> keys;  // of which another letter may be the first
  if (auto done = rows.set_cursor(plugin, progress.cursor); !done) return done;
  for (const auto& letter : progress.parked) {
    if (auto done = rows.list(plugin, letter, std::nullopt); !done) return done;
    keys.insert(letter.key);
  }
  for (const auto& letter : progress.under_way) {
    if (auto done = rows.list(plugin, letter, 0); !done) return done;
  }
  for (const auto& letter : progress.failed) {
    const bool is_dead = letter.attempts >= means_.rules.attempts;
    const auto due = is_dead ? std::nullopt : std::optional(now + means_.rules.pause_after(letter.attempts).count());
    if (auto done = rows.note_failure(plugin, letter, now, due); !done) return done;
    keys.insert(letter.key);
    if (!is_dead) continue;
    dead.push_back({.subscriber = plugin,
                    .publisher = plugin_,
                    .topic = letter.topic,
                    .key = letter.key,
                    .id = letter.id,
                    .attempts = letter.attempts,
                    .tried_ms = now,
                    .error = letter.error});
  }
  for (const auto& letter : progress.heard) {
    if (auto done = rows.forget(plugin, letter.id); !done) return done;
    if (auto done = rows.prune_one(letter.id); !done) return done;
    keys.insert(letter.key);
  }
  for (const auto& key : keys) {
    if (auto done = rows.give_time_to_head(plugin, key); !done) return done;
  }
  return {};
}

/// Up to where that was done.
base::Result<std::int64_t> Outbox::prune(OutboxRows& rows, std::int64_t needless) {
  auto limit = seats_.empty() ? needless : std::numeric_limits<std::int64_t>::max();
  for (const auto& [plugin, seat] : seats_) limit = std::min(limit, seat.unsaved->cursor);
  if (limit <= pruned_to_) return pruned_to_;
  auto pruned = rows.prune(pruned_to_, limit, kMostPruned);
  if (pruned && *pruned < limit) wake_in(std::chrono::milliseconds(1));
  return pruned;
}

void Outbox::log_dead(const DeadLetter& letter) {
  telemetry::log(telemetry::Level::error, "events", "an event was given up",
                 {{"plugin", letter.subscriber},
                  {"topic", letter.topic},
                  {"publisher", letter.publisher},
                  {"id", std::to_string(letter.id)},
                  {"attempts", std::to_string(letter.attempts)},
                  {"reason", letter.error}});
}

}  // namespace mortise::events
