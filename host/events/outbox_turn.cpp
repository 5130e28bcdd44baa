// What an outbox does in its turns.
#include <algorithm>
#include <exception>
#include <limits>
#include <utility>

#include "events/event_form.hpp"
#include "events/outbox.hpp"
#include "telemetry/log.hpp"

namespace mortise::events {
namespace {

using Access = sql::Database::Access;

// Between two writes of what nobody waits for.
constexpr std::chrono::milliseconds kBetweenWrites{50};
// Before what nobody has subscribed to goes.
constexpr std::chrono::seconds kBetweenPrunes{1};
constexpr std::chrono::seconds kAfterFault{1};
// Where somebody publishes who does not tell.
constexpr std::chrono::milliseconds kBetweenLooks{200};
// Rows that go in one transaction: who publishes waits for it.
constexpr std::size_t kMostPruned = 5000;
// For whoever writes meanwhile; then others have the thread, and the next turn tries again.
constexpr std::chrono::seconds kLongestTurn{1};
// Of one key, and keys: each has its time, or is in the courier's hands already.
constexpr std::size_t kMostOfLane = 64;
constexpr std::size_t kMostHeads = 2048;

std::chrono::milliseconds rest_of(std::chrono::steady_clock::duration pause,
                                  std::chrono::steady_clock::time_point since) {
  const auto passed = std::chrono::steady_clock::now() - since;
  return std::chrono::ceil<std::chrono::milliseconds>(std::max(pause - passed, std::chrono::steady_clock::duration(0)));
}

}  // namespace

void Outbox::work() {
  is_posted_.exchange(false, std::memory_order_acq_rel);
  const std::lock_guard turn_lock(turn_mutex_);
  base::Result<void> done = base::Error{base::ErrorCode::resource_exhausted, "out of memory"};
  try {
    done = turn();
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): which has been said
  }
  if (done) {
    has_fault_ = false;
  } else {
    note_fault(done.error());
    wake_in(kAfterFault);
  }
}

base::Result<void> Outbox::turn() {
  if (!is_loaded_) {
    if (!may_deliver()) return {};
    if (auto loaded = load(); !loaded) return loaded;
  }
  if (auto written = write(Clock::now() + kLongestTurn); !written) return written;
  if (may_deliver()) return read();
  unload();
  return {};
}

bool Outbox::may_deliver() const {
  const std::lock_guard lock(mutex_);
  return is_running_ && is_owner_;
}

base::Result<void> Outbox::load() {
  const auto reading = database_->begin(Access::read, sql::Time::max());
  if (!reading) return reading.error();
  OutboxRows rows((*reading)->connection());
  const auto epoch = rows.epoch();
  if (!epoch) return epoch.error();
  const auto stored = rows.subscribers();
  if (!stored) return stored.error();
  const auto first = rows.first_id();
  if (!first) return first.error();
  const auto last = rows.last_id();
  if (!last) return last.error();
  epoch_ = *epoch;
  pruned_to_ = *first == 0 ? *last : *first - 1;
  take_seats(*stored);
  is_loaded_ = true;
  return {};
}

/// Unless it is to deliver again meanwhile, or something is under way: what a courier has done that is gone nobody
/// writes.
void Outbox::unload() {
  const std::lock_guard lock(mutex_);
  if (is_running_ && is_owner_) return;
  const bool are_done = std::all_of(seats_.begin(), seats_.end(), [](const auto& one) {
    return one.second.courier->is_idle() && !one.second.courier->unwritten().is_any;
  });
  if (!are_done) return;
  seats_.clear();
  subscribed_.clear();
  for (const auto& one : begun_) subscribed_[one.plugin].insert(one.topic);
  is_loaded_ = false;
}

/// As the tables have them.
void Outbox::take_seats(const std::map<std::string, StoredSubscriber>& stored) {
  const std::lock_guard lock(mutex_);
  for (auto at = seats_.begin(); at != seats_.end();) {
    if (stored.contains(at->first)) {
      ++at;
      continue;
    }
    at->second.courier->hold();
    at = seats_.erase(at);
  }
  subscribed_.clear();
  for (const auto& [plugin, one] : stored) {
    for (const auto& [topic, since] : one.topics) subscribed_[plugin].insert(topic);
    auto& seat = seats_[plugin];
    seat.stored = one;
    if (seat.courier) continue;
    seat.courier =
        std::make_shared<Courier>(plugin, Courier::Origin{.publisher = plugin_, .epoch = epoch_, .cursor = one.cursor},
                                  weak_from_this(), means_.handlers);
    if (const auto found = addressees_.find(plugin); found != addressees_.end()) seat.courier->bind(found->second);
    if (is_running_ && is_owner_) seat.courier->release();
  }
  for (const auto& one : begun_) subscribed_[one.plugin].insert(one.topic);
}

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
base::Result<void> Outbox::write(Clock::time_point deadline) {
  const auto needless = find_needless();
  if (!needless) return needless.error();
  Changes changes(*this);
  if (!changes.are_any() && !is_time_to_write(*needless)) return {};
  for (auto& [plugin, seat] : seats_) {
    if (!seat.unsaved) seat.unsaved = seat.courier->take_progress();
  }
  const auto writing = database_->begin(Access::own, deadline);
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
  const auto pruned = rows.prune(pruned_to_, limit, kMostPruned);
  if (pruned && *pruned < limit) wake_in(std::chrono::milliseconds(1));
  return pruned;
}

base::Result<void> Outbox::read() {
  const auto reading = database_->begin(Access::read, sql::Time::max());
  if (!reading) return reading.error();
  OutboxRows rows((*reading)->connection());
  for (auto& [plugin, seat] : seats_) {
    if (auto done = read_for(rows, plugin, seat); !done) return done;
    if (seat.courier->unwritten().is_any) wake_in(kBetweenWrites);
  }
  const std::lock_guard lock(mutex_);
  if (Clock::now() < others_publish_until_) wake_in(kBetweenLooks);
  return {};
}

base::Result<void> Outbox::read_for(OutboxRows& rows, const std::string& plugin, const Seat& seat) {
  auto& courier = *seat.courier;
  const auto times = due_times();
  const auto next = rows.next_due(plugin, times);
  if (!next) return next.error();
  if (*next) wake_in(std::chrono::milliseconds(std::min(**next, times.far_ms) - times.now_ms));
  if (courier.wanted() == 0) {
    courier.note_more(true);
    return {};
  }
  const auto heads = rows.due(plugin, times, kMostHeads);
  if (!heads) return heads.error();
  for (const auto& head : *heads) {
    if (courier.is_full()) break;
    if (courier.is_at({.id = head.id, .key = head.key})) continue;
    const auto done = rows.read_lane(plugin, head, times, kMostOfLane, [&](StoredLetter letter) {
      courier.add_listed(std::move(letter));
      return !courier.is_full();
    });
    if (!done) return done;
  }
  const auto most = courier.wanted();
  std::size_t count = 0;
  const auto done = rows.read_ahead(plugin, courier.read_to(), most, [&](StoredLetter letter) {
    ++count;
    const auto since = seat.stored.topics.find(letter.topic);
    const bool is_for_it = since != seat.stored.topics.end() && since->second < letter.id &&
                           check(letter.key, {letter.bytes.data(), letter.bytes.size()});
    if (is_for_it) {
      courier.add(std::move(letter));
    } else {
      courier.pass(letter.id);
    }
    return !courier.is_full();
  });
  if (!done) return done;
  const bool is_more = count == most || courier.is_full();
  courier.note_more(is_more);
  if (is_more && courier.wanted() > 0) wake();
  return {};
}

/// No pause is longer than half as long again, chance and all.
DueTimes Outbox::due_times() const {
  const auto now = wall_clock_ms();
  return {.now_ms = now, .far_ms = now + means_.rules.longest_pause.count() * 3 / 2 + 1};
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

/// Once, until it is over.
void Outbox::note_fault(const base::Error& error) {
  if (std::exchange(has_fault_, true)) return;
  telemetry::log(telemetry::Level::error, "events", "durable events wait",
                 {{"publisher", plugin_}, {"reason", error.message}});
}

}  // namespace mortise::events
