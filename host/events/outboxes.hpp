// The outboxes of all plugins that publish durably, and who of a release hears from them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "events/outbox.hpp"
#include "runtime/alarm.hpp"
#include "runtime/blocking_pool.hpp"
#include "runtime/retry_rules.hpp"
#include "sql/database.hpp"

namespace mortise::events {

/// Any thread, but for what says otherwise. Nothing is delivered until start().
class Outboxes {
 public:
  /// Subscribers hear on threads of `handlers`, which outlives it.
  Outboxes(runtime::BlockingPool& handlers, const runtime::RetryRules& rules);

  /// A plugin's; one as long as anybody holds it. [control thread]
  std::shared_ptr<Outbox> open(const std::string& plugin, const std::shared_ptr<sql::Database>& database);

  /// What a release has of a plugin that it has otherwise than the one before, or not at all.
  struct Change {
    std::string plugin;
    Addressee addressee{};             // no cone: it is not there, or subscribes to nothing
    std::shared_ptr<Outbox> outbox{};  // null: it is not there, or publishes nothing durably
    std::set<std::string> durable_topics{};
  };
  /// [release thread]
  void publish(const std::vector<Change>& changes);
  /// No handler that has not returned from that generation is waited for any more. [release thread]
  void abandon(const runtime::Generation& generation);

  /// This process owns the state directory. For a while a former host may still publish, of which nobody tells this
  /// one: it looks now and then.
  void start(std::chrono::milliseconds others_publish_for = std::chrono::milliseconds(0));
  /// Another one is about to: waits, until the deadline or until it is to be given up, for what is under way. From then
  /// to start() nothing is delivered; but when that fails all goes on.
  base::Result<void> pause(std::chrono::steady_clock::time_point deadline, const std::stop_token& giving_up);
  /// Nothing new is delivered.
  void hold();
  /// For good, as far as that can be done by the deadline. Returns how many threads are left behind.
  std::size_t stop(std::chrono::steady_clock::time_point deadline);

  // --- What an admin asks, of plugins that publish and run; waits for the disk.
  struct Report {
    std::string publisher;
    DurableReport heard;
  };
  [[nodiscard]] std::vector<Report> report(const std::string& subscriber);
  base::Result<DeadReport> dead(const std::string& subscriber);
  base::Result<std::uint64_t> replay(const std::string& subscriber, const std::string& publisher,
                                     std::optional<std::int64_t> id);
  base::Result<std::uint64_t> discard(const std::string& subscriber, const std::string& publisher,
                                      std::optional<std::int64_t> id);

 private:
  base::Result<std::uint64_t> sum(const std::string& publisher,
                                  const std::function<base::Result<std::uint64_t>(Outbox&)>& of) const;
  [[nodiscard]] std::vector<std::shared_ptr<Outbox>> running() const;
  [[nodiscard]] std::vector<std::shared_ptr<Outbox>> known() const;  // also those whose plugins do not run

  runtime::BlockingPool desk_;
  runtime::Alarm alarm_;  // before the desk, which it wakes, is stopped
  const OutboxMeans means_;
  std::map<std::string, Addressee> addressees_;  // the release thread's: of the newest release
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::map<std::string, std::weak_ptr<Outbox>> known_;
  std::map<std::string, std::shared_ptr<Outbox>> running_;
  bool is_owner_ = false;
};

}  // namespace mortise::events
