// mortise.events/1: topics, who publishes on them, and who is told.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "events/outboxes.hpp"
#include "events/topic.hpp"
#include "runtime/blocking_pool.hpp"
#include "runtime/contract_registry.hpp"
#include "runtime/generation_set.hpp"
#include "runtime/offer.hpp"
#include "runtime/release.hpp"
#include "runtime/service.hpp"
#include "sql/sql.hpp"

namespace mortise::events {

/// What a plugin publishes on: one for each topic of each generation.
struct Publisher {
  Topic& topic;
  const std::string plugin;
  const std::uint64_t form;
  const std::shared_ptr<Outbox> outbox;  // null: nobody hears of it but those who run

  /// In the transaction, where there is one.
  base::Result<void> publish(std::string_view key, mortise_bytes bytes, sql::Database::Transaction* transaction) const;
};
/// All of one generation's.
using Publishers = std::deque<Publisher>;

/// What one plugin hears of one topic.
struct SubscriptionReport {
  std::string topic;
  std::string publisher;  // of durable events; empty: of others, from whomever they come
  SubscriptionCounts counts;
  std::uint64_t retrying = 0;  // of durable ones: have failed, and come again
  std::uint64_t dead = 0;      // failed too often
};

/// Outlives every generation.
class Events final : public runtime::Service {
 public:
  /// `registry` has what subscribers provide, `databases` where durable events are written; both outlive it. Handlers
  /// run on at most `threads`.
  Events(const runtime::ContractRegistry& registry, sql::Sql& databases, unsigned threads,
         const runtime::RetryRules& rules);
  ~Events() override;

  /// The interface that every instance has. Any thread.
  static std::span<const runtime::Offer> offers() noexcept;

  const void* interface(std::string_view id) const noexcept override;
  /// What it publishes on is there as long as its code runs.
  base::Result<void> prepare(runtime::Generation& generation) override;
  /// Whether each topic that it subscribes to can be delivered.
  base::Result<void> initialised(const runtime::Generation& generation) override;
  /// Plugins whose forms of one topic's events differ do not run together.
  std::vector<Conflict> check(const runtime::GenerationSet& next) override;
  void publish(const runtime::ReleasePtr& next) override;
  /// Until it is switched to, a release hears no events.
  void publish_canary(const runtime::ReleasePtr&, const runtime::CanaryShare&) override {}
  void cut(const runtime::Generation& generation) override;
  void forget(const runtime::Generation& generation) override;

  /// Valid until the generation's destroy has returned. [control thread, during its init]
  base::Result<Publisher*> open(const runtime::Generation& generation, std::string_view topic,
                                std::string_view methods);

  /// By topic. Any thread; waits for the disk.
  [[nodiscard]] std::vector<SubscriptionReport> report(const std::string& plugin);

  /// Who has the durable events: nothing of them is delivered before its start().
  Outboxes& outboxes() noexcept { return outboxes_; }

  /// Nothing is delivered any more. Returns how many handlers have not returned within `patience`, and are left behind.
  std::size_t stop(std::chrono::milliseconds patience);

 private:
  Topic& topic(const std::string& id);  // under mutex_
  Outboxes::Change bind(const runtime::ConePtr& cone);
  void unbind(const runtime::Cone& former, const runtime::Cone* next);

  const runtime::ContractRegistry& registry_;
  sql::Sql& databases_;
  runtime::BlockingPool pool_;
  Outboxes outboxes_;
  mutable std::mutex mutex_;
  // Guarded by mutex_; what it leads to stays where it is:
  std::map<std::string, Topic> topics_;
  std::unordered_map<const runtime::Generation*, std::shared_ptr<Publishers>> publishers_;
  // The release thread's:
  runtime::GenerationSet checked_;  // without a conflict
  runtime::ConeSet cones_;          // of what was published last
};

}  // namespace mortise::events
