// What an outbox does in its turns.
#include <algorithm>
#include <exception>
#include <utility>

#include "events/event_form.hpp"
#include "events/outbox.hpp"
#include "telemetry/log.hpp"

namespace mortise::events {
namespace {

using Access = sql::Database::Access;

constexpr std::chrono::seconds kAfterFault{1};
// Where somebody publishes who does not tell.
constexpr std::chrono::milliseconds kBetweenLooks{200};
// For whoever writes meanwhile; then others have the thread, and the next turn tries again.
constexpr std::chrono::seconds kLongestTurn{1};
// Of one key, and keys: each has its time, or is in the courier's hands already.
constexpr std::size_t kMostOfLane = 64;
constexpr std::size_t kMostHeads = 2048;

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
    auto done = rows.read_lane(plugin, head, times, kMostOfLane, [&](StoredLetter letter) {
      courier.add_listed(std::move(letter));
      return !courier.is_full();
    });
    if (!done) return done;
  }
  const auto most = courier.wanted();
  std::size_t count = 0;
  auto done = rows.read_ahead(plugin, courier.read_to(), most, [&](StoredLetter letter) {
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

/// Once, until it is over.
void Outbox::note_fault(const base::Error& error) {
  if (std::exchange(has_fault_, true)) return;
  telemetry::log(telemetry::Level::error, "events", "durable events wait",
                 {{"publisher", plugin_}, {"reason", error.message}});
}

}  // namespace mortise::events
