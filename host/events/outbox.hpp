// What one plugin has published durably and not everybody has heard: rows of its own database, and who brings them to
// whom. While its plugin does not run, or another process owns the state directory, nothing is delivered.
//
// One thread of the desk's at a time takes a turn: it writes what the couriers have done, in one transaction for all of
// them, then reads what they have room for. Whoever has news (a commit, a courier, a time that has come, a release)
// wakes it, and waits for nothing.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "events/courier.hpp"
#include "events/group_commit.hpp"
#include "events/outbox_rows.hpp"
#include "runtime/alarm.hpp"
#include "runtime/blocking_pool.hpp"
#include "runtime/retry_rules.hpp"
#include "sql/database.hpp"

namespace mortise::events {

/// What all outboxes share; outlives them.
struct OutboxMeans {
  runtime::BlockingPool& handlers;  // on whose threads subscribers hear
  runtime::BlockingPool& desk;
  runtime::Alarm& alarm;
  const runtime::RetryRules rules;
};

/// What a subscriber hears from one publisher.
struct DurableReport {
  std::string topic;
  CourierCounts counts;
  StoredCounts stored;
};

/// What subscribers have failed with too often.
struct DeadReport {
  std::vector<DeadLetter> letters{};
  struct LeftOut {
    std::string subscriber;
    std::string publisher;
    std::uint64_t count = 0;
  };
  std::vector<LeftOut> left_out{};
  bool is_known = false;  // whether the subscriber that was asked for hears anything durable, or has
};

/// Any thread, but for what says otherwise.
class Outbox final : public sql::CommitListener,
                     public CourierDesk,
                     public runtime::Sleeper,
                     public std::enable_shared_from_this<Outbox> {
 public:
  static std::shared_ptr<Outbox> make(std::string plugin, std::shared_ptr<sql::Database> database,
                                      const OutboxMeans& means);
  Outbox(std::string plugin, std::shared_ptr<sql::Database> database, const OutboxMeans& means);

  /// Whether something was ever published durably in that database. Waits for the disk.
  static bool is_in(sql::Database& database);

  [[nodiscard]] const std::string& plugin() const noexcept { return plugin_; }

  /// On the disk when this returns, unless it is in a transaction: then with that.
  base::Result<void> publish(const Publication& publication, sql::Database::Transaction* transaction);

  // --- What a release says. [release thread]
  /// Its plugin runs, and publishes these durably.
  void run(std::set<std::string> topics);
  void rest();
  /// A plugin that subscribes to something, here or elsewhere, or whose release has it no more (no cone). A
  /// subscription that was not there before begins with what is committed after this, and is on the disk when this
  /// returns, if this process delivers.
  void bind(const std::string& plugin, const Addressee& addressee);
  /// No handler that has not returned from that generation is waited for any more.
  void abandon(const runtime::Generation& generation);

  // --- Whether this process delivers.
  /// Until then others may publish in the database, which nobody tells.
  void set_owner(bool is_owner, std::chrono::steady_clock::time_point others_publish_until = {});
  /// After set_owner(false): waits until nothing is under way any more, and everything that was done is written.
  base::Result<void> settle(std::chrono::steady_clock::time_point deadline, const std::stop_token& giving_up);

  // --- What an admin asks; waits for the disk.
  base::Result<std::vector<DurableReport>> report(const std::string& plugin);
  /// The eldest of that subscriber, or of each when it is empty: of each the first five hundred.
  base::Result<DeadReport> dead(const std::string& plugin);
  base::Result<std::uint64_t> replay(const std::string& plugin, std::optional<std::int64_t> id);
  /// Has that one not be delivered to it any more, which is dead, fails, or is in its turn; or all that are dead.
  base::Result<std::uint64_t> discard(const std::string& plugin, std::optional<std::int64_t> id);

  // --- Who has news.
  void on_news() noexcept override { wake(); }
  void tell(bool is_urgent) noexcept override;
  void wake() noexcept override;
  void wake_in(std::chrono::milliseconds time) noexcept override;

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kBetweenWrites{50};  // of what nobody waits for
  /// A subscriber; its courier is there while this process delivers.
  struct Seat {
    std::shared_ptr<Courier> courier;
    StoredSubscriber stored;
    std::optional<Progress> unsaved{};  // what could not be written
  };
  struct Begun {
    std::string plugin;
    std::string topic;
    std::int64_t since;
  };
  class Changes;

  void work();
  base::Result<void> turn();
  [[nodiscard]] bool may_deliver() const;
  base::Result<void> load();
  void unload();
  void write_begun();
  base::Result<void> write(Clock::time_point deadline, bool is_at_once = false);
  base::Result<std::int64_t> find_needless();
  [[nodiscard]] bool is_time_to_write(std::int64_t needless);
  base::Result<std::map<std::string, StoredSubscriber>> write_subscriptions(OutboxRows& rows, const Changes& changes);
  base::Result<void> write_progress(OutboxRows& rows, const std::string& plugin, const Progress& progress,
                                    std::vector<DeadLetter>& dead);
  base::Result<std::int64_t> prune(OutboxRows& rows, std::int64_t needless);
  base::Result<void> read();
  base::Result<void> read_for(OutboxRows& rows, const std::string& plugin, const Seat& seat);
  void take_seats(const std::map<std::string, StoredSubscriber>& stored);
  [[nodiscard]] std::vector<Begun> find_ended() const;                                        // under mutex_
  [[nodiscard]] bool are_begun(const std::string& plugin, const Addressee& addressee) const;  // under mutex_
  Addressee seat(const std::string& plugin, const Addressee& addressee);                      // under mutex_
  void begin_subscriptions(const std::string& plugin, const Addressee& addressee);            // under both mutexes
  base::Result<std::int64_t> last_id() const;
  static void log_dead(const DeadLetter& letter);
  void note_fault(const base::Error& error);
  [[nodiscard]] DueTimes due_times() const;

  const std::string plugin_;
  const std::shared_ptr<sql::Database> database_;
  const OutboxMeans& means_;
  GroupCommit commits_;

  std::atomic<bool> is_posted_{false};  // a turn is about to begin, which sees all that came before: acquire, release

  mutable std::mutex mutex_;  // before those of couriers
  // Guarded by mutex_:
  std::set<std::string> topics_;
  bool is_running_ = false;
  bool is_owner_ = false;
  Clock::time_point others_publish_until_{};
  std::map<std::string, Addressee> addressees_;              // that run
  std::map<std::string, std::set<std::string>> subscribed_;  // in the tables, or begun
  std::vector<Begun> begun_;                                 // that the tables do not have yet

  mutable std::mutex turn_mutex_;  // before mutex_
  // Guarded by turn_mutex_; seats_ changes under both:
  std::map<std::string, Seat> seats_;
  bool is_loaded_ = false;
  std::uint64_t epoch_ = 0;
  std::int64_t pruned_to_ = 0;  // nobody needs any of those before that is not among the deliveries
  std::int64_t eldest_ = 0;     // the one before the first
  Clock::time_point written_at_{};
  bool has_fault_ = false;  // which has been told
};

}  // namespace mortise::events
