#include "events/outbox.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "runtime/generation.hpp"
#include "runtime/scope.hpp"

namespace mortise::events {
namespace {

// What was heard is heard again after a crash unless it was written: so long it may wait for more.
constexpr std::chrono::milliseconds kUnwritten{50};
// For a plugin's own transaction to end.
constexpr std::chrono::seconds kLongestWait{1};
// Of one subscriber, to be shown: none hides another.
constexpr std::size_t kMostDead = 500;

}  // namespace

std::shared_ptr<Outbox> Outbox::make(std::string plugin, std::shared_ptr<sql::Database> database,
                                     const OutboxMeans& means) {
  auto made = std::make_shared<Outbox>(std::move(plugin), std::move(database), means);
  made->database_->listen(sql::News::events, made);
  return made;
}

Outbox::Outbox(std::string plugin, std::shared_ptr<sql::Database> database, const OutboxMeans& means)
    : plugin_(std::move(plugin)), database_(std::move(database)), means_(means), commits_(database_) {}

bool Outbox::is_in(sql::Database& database) {
  const auto reading = database.begin(sql::Database::Access::read, sql::Time::max());
  if (!reading) return false;
  const auto exist = OutboxRows((*reading)->connection()).exist();
  return exist && *exist;
}

base::Result<void> Outbox::publish(const Publication& publication, sql::Database::Transaction* transaction) {
  const auto* const scope = runtime::Scope::current();
  const auto deadline = scope == nullptr ? sql::Time::max() : scope->deadline_of_own_work();
  if (transaction == nullptr) return commits_.write(publication, deadline);
  const auto parameters = to_parameters(publication);
  const auto written = transaction->run(kInsertEvent, {.parameters = parameters, .deadline = deadline});
  if (!written) return written.error();
  return {};
}

void Outbox::run(std::set<std::string> topics) {
  const std::lock_guard turn(turn_mutex_);  // no turn passes over what is to be heard from here on
  {
    const std::lock_guard lock(mutex_);
    topics_ = std::move(topics);
    is_running_ = true;
    for (const auto& [plugin, addressee] : addressees_) begin_subscriptions(plugin, addressee);
    if (is_owner_) {
      for (const auto& [plugin, seat] : seats_) seat.courier->release();
    }
  }
  write_begun();
  wake();
}

void Outbox::rest() {
  std::map<std::string, Addressee> former;  // which may be the last to hold generations
  {
    const std::lock_guard lock(mutex_);
    is_running_ = false;
    former = std::exchange(addressees_, {});
    for (const auto& [plugin, seat] : seats_) {
      seat.courier->hold();
      seat.courier->bind({});
    }
  }
  wake();
}

void Outbox::bind(const std::string& plugin, const Addressee& addressee) {
  Addressee former;
  std::unique_lock lock(mutex_);
  if (are_begun(plugin, addressee)) {
    former = seat(plugin, addressee);
    lock.unlock();
  } else {
    lock.unlock();
    const std::lock_guard turn(turn_mutex_);  // no turn passes over what is to be heard from here on
    lock.lock();
    former = seat(plugin, addressee);
    begin_subscriptions(plugin, addressee);
    lock.unlock();
    write_begun();
  }
  wake();
}

bool Outbox::are_begun(const std::string& plugin, const Addressee& addressee) const {
  const auto known = subscribed_.find(plugin);
  return std::all_of(addressee.topics.begin(), addressee.topics.end(), [&](const auto& one) {
    return !topics_.contains(one.first) || (known != subscribed_.end() && known->second.contains(one.first));
  });
}

/// Returns what was there before, which may be the last to hold a generation.
Addressee Outbox::seat(const std::string& plugin, const Addressee& addressee) {
  auto former = std::exchange(addressees_[plugin], addressee);
  if (addressee.cone == nullptr) addressees_.erase(plugin);
  if (const auto seat = seats_.find(plugin); seat != seats_.end()) seat->second.courier->bind(addressee);
  return former;
}

/// A host that is killed right after the switch must not have forgotten who is to hear what is published then.
void Outbox::write_begun() {
  if (!may_deliver()) return;
  auto written = is_loaded_ ? base::Result<void>() : load();
  if (written) written = write(Clock::now() + kLongestWait);
  if (!written) note_fault(written.error());  // the next turn tries again
}

void Outbox::abandon(const runtime::Generation& generation) {
  std::shared_ptr<Courier> courier;
  {
    const std::lock_guard lock(mutex_);
    const auto seat = seats_.find(generation.name());
    if (seat != seats_.end()) courier = seat->second.courier;
  }
  if (courier) courier->abandon(generation);
}

/// A look that fails has one begin with all that is there.
void Outbox::begin_subscriptions(const std::string& plugin, const Addressee& addressee) {
  std::optional<std::int64_t> since;
  for (const auto& [topic, entrance] : addressee.topics) {
    if (!topics_.contains(topic) || !subscribed_[plugin].insert(topic).second) continue;
    if (!since) {
      const auto last = last_id();
      since = last ? *last : std::int64_t{0};
    }
    begun_.push_back({.plugin = plugin, .topic = topic, .since = *since});
  }
}

base::Result<std::int64_t> Outbox::last_id() const {
  const auto reading = database_->begin(sql::Database::Access::read, sql::Time::max());
  if (!reading) return reading.error();
  return OutboxRows((*reading)->connection()).last_id();
}

void Outbox::set_owner(bool is_owner, std::chrono::steady_clock::time_point others_publish_until) {
  {
    const std::lock_guard lock(mutex_);
    is_owner_ = is_owner;
    others_publish_until_ = std::max(others_publish_until_, others_publish_until);
    for (const auto& [plugin, seat] : seats_) {
      if (!is_owner) {
        seat.courier->hold();
      } else if (is_running_) {
        seat.courier->release();
      }
    }
  }
  wake();
}

base::Result<void> Outbox::settle(std::chrono::steady_clock::time_point deadline, const std::stop_token& giving_up) {
  std::map<std::string, std::shared_ptr<Courier>> couriers;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [plugin, seat] : seats_) couriers[plugin] = seat.courier;
  }
  for (const auto& [plugin, courier] : couriers) {
    if (courier->wait_until_idle(deadline, giving_up)) continue;
    return base::Error{base::ErrorCode::deadline_exceeded, "plugin '" + plugin + "' is still at an event of plugin '" +
                                                               plugin_ +
                                                               "'; it is waited for until the deadline, try again"};
  }
  const std::lock_guard turn(turn_mutex_);
  if (!is_loaded_) {
    const std::lock_guard lock(mutex_);
    if (begun_.empty()) return {};
  }
  auto written = is_loaded_ ? base::Result<void>() : load();
  if (written) written = write(std::max(deadline, Clock::now() + kUnwritten));
  if (!written) {
    return base::Error{written.error().code, "what was heard of plugin '" + plugin_ +
                                                 "' cannot be written to its database: " + written.error().message};
  }
  unload();
  return {};
}

base::Result<std::vector<DurableReport>> Outbox::report(const std::string& plugin) {
  const auto reading = database_->begin(sql::Database::Access::read, sql::Time::max());
  if (!reading) return reading.error();
  OutboxRows rows((*reading)->connection());
  auto all = rows.subscribers();
  if (!all) return all.error();
  std::vector<DurableReport> reports;
  const auto stored = all->find(plugin);
  if (stored == all->end()) return reports;
  auto counts = rows.counts(plugin, stored->second.cursor);
  if (!counts) return counts.error();
  std::map<std::string, CourierCounts> seen;
  {
    const std::lock_guard lock(mutex_);
    if (const auto seat = seats_.find(plugin); seat != seats_.end()) seen = seat->second.courier->counts();
  }
  for (const auto& [topic, since] : stored->second.topics) {
    reports.push_back({.topic = topic, .counts = seen[topic], .stored = (*counts)[topic]});
  }
  return reports;
}

base::Result<DeadReport> Outbox::dead(const std::string& plugin) {
  const auto reading = database_->begin(sql::Database::Access::read, sql::Time::max());
  if (!reading) return reading.error();
  OutboxRows rows((*reading)->connection());
  const auto known = rows.subscribers();
  if (!known) return known.error();
  const auto counts = rows.count_dead();
  if (!counts) return counts.error();
  DeadReport report{.is_known = known->contains(plugin) || counts->contains(plugin)};
  for (const auto& [subscriber, count] : *counts) {
    if (!plugin.empty() && subscriber != plugin) continue;
    auto some = rows.dead(subscriber, kMostDead);
    if (!some) return some.error();
    for (auto& one : *some) one.publisher = plugin_;
    if (count > some->size()) {
      report.left_out.push_back({.subscriber = subscriber, .publisher = plugin_, .count = count - some->size()});
    }
    std::move(some->begin(), some->end(), std::back_inserter(report.letters));
  }
  return report;
}

base::Result<std::uint64_t> Outbox::replay(const std::string& plugin, std::optional<std::int64_t> id) {
  const auto writing = database_->begin(sql::Database::Access::own, sql::Time::max());
  if (!writing) return writing.error();
  auto replayed = OutboxRows((*writing)->connection()).replay(plugin, id);
  if (!replayed) return replayed.error();
  if (const auto committed = (*writing)->commit(); !committed) return committed.error();
  wake();
  return replayed;
}

base::Result<std::uint64_t> Outbox::discard(const std::string& plugin, std::optional<std::int64_t> id) {
  const std::lock_guard turn(turn_mutex_);            // nobody reads it meanwhile
  const auto deadline = Clock::now() + kLongestWait;  // nor does a release wait for long
  const auto seat = seats_.find(plugin);
  if (id && seat != seats_.end()) {
    if (seat->second.courier->discard(*id)) return std::uint64_t{1};
    // What it has failed with just now has its row first.
    if (auto written = write(deadline, true); !written) return written.error();
  }
  const auto writing = database_->begin(sql::Database::Access::own, deadline);
  if (!writing) return writing.error();
  OutboxRows rows((*writing)->connection());
  auto discarded = id ? rows.discard(plugin, *id) : rows.discard_dead(plugin);
  if (!discarded) return discarded.error();
  if (const auto committed = (*writing)->commit(); !committed) return committed.error();
  wake();
  return discarded;
}

void Outbox::tell(bool is_urgent) noexcept {
  if (is_urgent) {
    wake();
  } else {
    wake_in(kUnwritten);
  }
}

void Outbox::wake() noexcept {
  if (is_posted_.exchange(true, std::memory_order_acq_rel)) return;
  try {
    if (means_.desk.post(plugin_, 1, [self = shared_from_this()] { self->work(); })) return;
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): there is no memory, which is as having no thread
  }
  is_posted_.store(false, std::memory_order_release);
  wake_in(kLongestWait);  // there was no thread; or the host ends, and the alarm with it
}

void Outbox::wake_in(std::chrono::milliseconds time) noexcept {
  try {
    means_.alarm.wake_at(shared_from_this(), Clock::now() + time);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): whatever is published next wakes it
  }
}

}  // namespace mortise::events
