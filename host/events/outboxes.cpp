#include "events/outboxes.hpp"

#include <algorithm>
#include <iterator>

#include <utility>
#include "telemetry/log.hpp"

namespace mortise::events {
namespace {

// Who waits for the disk, one for each outbox that has something to do.
constexpr unsigned kMostAtDesk = 4;
constexpr std::size_t kMostTurnsQueued = 16;

}  // namespace

Outboxes::Outboxes(runtime::BlockingPool& handlers, const runtime::RetryRules& rules)
    : desk_(kMostAtDesk, kMostTurnsQueued),
      means_{.handlers = handlers, .desk = desk_, .alarm = alarm_, .rules = rules} {}

std::shared_ptr<Outbox> Outboxes::open(const std::string& plugin, const std::shared_ptr<sql::Database>& database) {
  const std::lock_guard lock(mutex_);
  auto& known = known_[plugin];
  if (auto outbox = known.lock()) return outbox;
  auto outbox = Outbox::make(plugin, database, means_);
  outbox->set_owner(is_owner_);
  known = outbox;
  return outbox;
}

void Outboxes::publish(const std::vector<Change>& changes) {
  std::vector<std::shared_ptr<Outbox>> gone;
  std::vector<std::shared_ptr<Outbox>> fresh;
  for (const auto& change : changes) {
    addressees_[change.plugin] = change.addressee;
    std::shared_ptr<Outbox> former;
    {
      const std::lock_guard lock(mutex_);
      const auto found = running_.find(change.plugin);
      if (found != running_.end()) former = found->second;
      if (change.outbox) running_[change.plugin] = change.outbox;
      if (!change.outbox && former) running_.erase(found);
    }
    if (former && !change.outbox) gone.push_back(former);
    if (change.outbox && former != change.outbox) fresh.push_back(change.outbox);
    if (change.outbox) change.outbox->run(change.durable_topics);
  }
  for (const auto& outbox : gone) outbox->rest();
  for (const auto& outbox : running()) {
    const bool is_fresh = std::find(fresh.begin(), fresh.end(), outbox) != fresh.end();
    if (is_fresh) continue;
    for (const auto& change : changes) outbox->bind(change.plugin, addressees_[change.plugin]);
  }
  for (const auto& outbox : fresh) {
    for (const auto& [plugin, addressee] : addressees_) outbox->bind(plugin, addressee);
  }
  std::erase_if(addressees_, [](const auto& one) { return one.second.cone == nullptr; });
}

std::vector<std::shared_ptr<Outbox>> Outboxes::known() const {
  std::vector<std::shared_ptr<Outbox>> all;
  const std::lock_guard lock(mutex_);
  for (const auto& [plugin, one] : known_) {
    if (auto outbox = one.lock()) all.push_back(std::move(outbox));
  }
  return all;
}

void Outboxes::abandon(const runtime::Generation& generation) {
  for (const auto& outbox : known()) outbox->abandon(generation);
}

std::vector<std::shared_ptr<Outbox>> Outboxes::running() const {
  std::vector<std::shared_ptr<Outbox>> all;
  const std::lock_guard lock(mutex_);
  for (const auto& [plugin, outbox] : running_) all.push_back(outbox);
  return all;
}

void Outboxes::start(std::chrono::milliseconds others_publish_for) {
  const auto until = std::chrono::steady_clock::now() + others_publish_for;
  const std::lock_guard lock(mutex_);
  is_owner_ = true;
  for (const auto& [plugin, known] : known_) {
    if (const auto outbox = known.lock()) outbox->set_owner(true, until);
  }
}

void Outboxes::hold() {
  const std::lock_guard lock(mutex_);
  is_owner_ = false;
  for (const auto& [plugin, known] : known_) {
    if (const auto outbox = known.lock()) outbox->set_owner(false);
  }
}

base::Result<void> Outboxes::pause(std::chrono::steady_clock::time_point deadline, const std::stop_token& giving_up) {
  hold();
  for (const auto& outbox : known()) {
    if (auto settled = outbox->settle(deadline, giving_up); !settled) {
      start();
      return settled;
    }
  }
  return {};
}

std::size_t Outboxes::stop(std::chrono::steady_clock::time_point deadline) {
  hold();
  for (const auto& outbox : known()) {
    const auto settled = outbox->settle(deadline, {});
    if (settled) continue;
    telemetry::log(telemetry::Level::warning, "events", "what was heard in the last moment is heard again",
                   {{"publisher", outbox->plugin()}, {"reason", settled.error().message}});
  }
  const auto left = deadline - std::chrono::steady_clock::now();
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(left);
  return desk_.stop(std::max(patience, std::chrono::milliseconds(0)));
}

std::vector<Outboxes::Report> Outboxes::report(const std::string& subscriber) {
  std::vector<Report> reports;
  for (const auto& outbox : running()) {
    auto heard = outbox->report(subscriber);
    if (!heard) continue;  // what cannot be read has been said
    for (auto& one : *heard) reports.push_back({.publisher = outbox->plugin(), .heard = std::move(one)});
  }
  return reports;
}

base::Result<DeadReport> Outboxes::dead(const std::string& subscriber) {
  DeadReport all;
  for (const auto& outbox : running()) {
    auto found = outbox->dead(subscriber);
    if (!found) return found.error();
    std::move(found->letters.begin(), found->letters.end(), std::back_inserter(all.letters));
    std::move(found->left_out.begin(), found->left_out.end(), std::back_inserter(all.left_out));
    all.is_known |= found->is_known;
  }
  return all;
}

base::Result<std::uint64_t> Outboxes::replay(const std::string& subscriber, const std::string& publisher,
                                             std::optional<std::int64_t> id) {
  return sum(publisher, [&](Outbox& outbox) { return outbox.replay(subscriber, id); });
}

base::Result<std::uint64_t> Outboxes::discard(const std::string& subscriber, const std::string& publisher,
                                              std::optional<std::int64_t> id) {
  return sum(publisher, [&](Outbox& outbox) { return outbox.discard(subscriber, id); });
}

/// Of that publisher's, or of all where that is empty.
base::Result<std::uint64_t> Outboxes::sum(const std::string& publisher,
                                          const std::function<base::Result<std::uint64_t>(Outbox&)>& of) const {
  std::uint64_t count = 0;
  for (const auto& outbox : running()) {
    if (!publisher.empty() && outbox->plugin() != publisher) continue;
    const auto one = of(*outbox);
    if (!one) return one.error();
    count += *one;
  }
  return count;
}

}  // namespace mortise::events
