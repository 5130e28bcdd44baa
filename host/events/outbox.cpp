#include "events/outbox.hpp"

#include <algorithm>
#include <utility>

#include "runtime/generation.hpp"
#include "runtime/scope.hpp"

namespace mortise::events {
namespace {

// What was heard is heard again after a crash unless it was written: so long it may wait for more.
constexpr std::chrono::milliseconds kUnwritten{50};

}  // namespace

std::shared_ptr<Outbox> Outbox::make(std::string plugin, std::shared_ptr<sql::Database> database,
                                     const OutboxMeans& means) {
  auto made = std::make_shared<Outbox>(std::move(plugin), std::move(database), means);
  made->database_->listen(made);
  return made;
}

Outbox::Outbox(std::string plugin, std::shared_ptr<sql::Database> database, const OutboxMeans& means)
    : plugin_(std::move(plugin)), database_(std::move(database)), means_(means), commits_(database_) {}

base::Result<void> Outbox::publish(const Publication& publication, sql::Database::Transaction* transaction) {
  const auto* const scope = runtime::Scope::current();
  const auto deadline = scope == nullptr ? sql::Time::max() : scope->deadline();
  if (transaction == nullptr) return commits_.write(publication, deadline);
  const auto parameters = to_parameters(publication);
  const auto written = transaction->run(kInsertEvent, {.parameters = parameters, .deadline = deadline});
  if (!written) return written.error();
  return {};
}

void Outbox::run(std::set<std::string> topics) {
  {
    const std::lock_guard lock(mutex_);
    topics_ = std::move(topics);
    is_running_ = true;
    for (const auto& [plugin, addressee] : addressees_) begin_subscriptions(plugin, addressee);
    if (is_owner_) {
      for (const auto& [plugin, seat] : seats_) seat.courier->release();
    }
  }
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
  {
    const std::lock_guard lock(mutex_);
    former = std::exchange(addressees_[plugin], addressee);
    if (addressee.cone == nullptr) {
      addressees_.erase(plugin);
    } else {
      begin_subscriptions(plugin, addressee);
    }
    if (const auto seat = seats_.find(plugin); seat != seats_.end()) seat->second.courier->bind(addressee);
  }
  wake();
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

/// Under mutex_, so that nothing is pruned which the new ones are to hear. A look that fails has one begin with all
/// that is there.
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
    others_publish_until_ = others_publish_until;
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

bool Outbox::settle(std::chrono::steady_clock::time_point deadline, const std::stop_token& giving_up) {
  std::vector<std::shared_ptr<Courier>> couriers;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [plugin, seat] : seats_) couriers.push_back(seat.courier);
  }
  const bool are_idle = std::all_of(couriers.begin(), couriers.end(),
                                    [&](const auto& courier) { return courier->wait_until_idle(deadline, giving_up); });
  if (!are_idle) return false;
  const std::lock_guard turn(turn_mutex_);
  if (!is_loaded_) return true;
  if (const auto written = write(); !written) {
    note_fault(written.error());
    return false;
  }
  unload();
  return true;
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

base::Result<std::vector<DeadLetter>> Outbox::dead(const std::string& plugin) {
  const auto reading = database_->begin(sql::Database::Access::read, sql::Time::max());
  if (!reading) return reading.error();
  auto all = OutboxRows((*reading)->connection()).dead(plugin);
  if (!all) return all.error();
  for (auto& one : *all) one.publisher = plugin_;
  return all;
}

base::Result<std::uint64_t> Outbox::replay(const std::string& plugin, std::optional<std::int64_t> id) {
  const auto writing = database_->begin(sql::Database::Access::own, sql::Time::max());
  if (!writing) return writing.error();
  const auto replayed = OutboxRows((*writing)->connection()).replay(plugin, id);
  if (!replayed) return replayed.error();
  if (const auto committed = (*writing)->commit(); !committed) return committed.error();
  wake();
  return replayed;
}

void Outbox::tell(bool is_urgent) {
  if (is_urgent) {
    wake();
  } else {
    wake_in(kUnwritten);
  }
}

void Outbox::wake() {
  if (is_posted_.exchange(true, std::memory_order_acq_rel)) return;
  const bool is_posted = means_.desk.post(plugin_, 1, [self = shared_from_this()] { self->work(); });
  if (!is_posted) is_posted_.store(false, std::memory_order_release);  // the host ends
}

void Outbox::wake_in(std::chrono::milliseconds time) { means_.alarm.wake_at(shared_from_this(), Clock::now() + time); }

}  // namespace mortise::events
