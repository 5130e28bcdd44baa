// The tables of an outbox (sql/extension_tables.cpp), on a connection to the publisher's database. Inside this folder,
// but for the statement that publishes.
#pragma once

#include <mortise/abi/sql.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "events/event_form.hpp"
#include "events/letter.hpp"
#include "sql/own_statements.hpp"

namespace mortise::events {

/// A subscriber, as the tables have it.
struct StoredSubscriber {
  std::int64_t cursor = 0;
  std::map<std::string, std::int64_t> topics{};  // to the number after which the subscription begins
};

/// An event that its subscriber has failed with too often.
struct DeadLetter {
  std::string subscriber;
  std::string publisher;
  std::string topic;
  std::string key;
  std::int64_t id = 0;
  std::uint32_t attempts = 0;
  std::int64_t tried_ms = 0;  // the last time, since 1970
  std::string error;
};

/// What of one topic is on the disk for a subscriber.
struct StoredCounts {
  std::uint64_t waiting = 0;
  std::uint64_t retrying = 0;
  std::uint64_t dead = 0;
};

/// Which of the times for another attempt have come, since 1970: those up to now, and those that are further away than
/// any pause, since the clock was put back meanwhile.
struct DueTimes {
  std::int64_t now_ms = 0;
  std::int64_t far_ms = 0;
  [[nodiscard]] bool is_due(std::int64_t time_ms) const noexcept { return time_ms <= now_ms || time_ms > far_ms; }
};

/// One thread; in a transaction, which is the caller's to end.
class OutboxRows : private sql::OwnStatements {
 public:
  explicit OutboxRows(sql::Connection& connection) noexcept : OwnStatements(connection) {}

  /// Whether the database has them.
  base::Result<bool> exist();
  /// The half of all its events' ids that tells it from other outboxes, and from what it was before a backup was put
  /// back.
  base::Result<std::uint64_t> epoch();
  /// Of the newest event that was ever committed.
  base::Result<std::int64_t> last_id();
  /// Of the eldest that is there; 0: there is none.
  base::Result<std::int64_t> first_id();
  base::Result<std::map<std::string, StoredSubscriber>> subscribers();

  /// Hears of one row; false: enough.
  using Take = std::function<bool(StoredLetter letter)>;
  /// What follows after `id`.
  base::Result<void> read_ahead(const std::string& plugin, std::int64_t id, std::size_t most, const Take& take);
  struct Head {
    std::int64_t id;
    std::string key;
  };
  /// Whose time for another attempt has come, and which no other event of their keys stands before.
  base::Result<std::vector<Head>> due(const std::string& plugin, const DueTimes& times, std::size_t most);
  /// That one and what is parked behind it.
  base::Result<void> read_lane(const std::string& plugin, const Head& head, const DueTimes& times, std::size_t most,
                               const Take& take);
  /// When the next one's time comes; nullopt: none waits for it.
  base::Result<std::optional<std::int64_t>> next_due(const std::string& plugin, const DueTimes& times);

  base::Result<void> begin_subscription(const std::string& plugin, const std::string& topic, std::int64_t since);
  base::Result<void> end_subscription(const std::string& plugin, const std::string& topic);
  base::Result<void> set_cursor(const std::string& plugin, std::int64_t id);
  /// Has a row among the deliveries from here on; one without a time stands behind others of its key.
  base::Result<void> list(const std::string& plugin, const LetterKey& letter, std::optional<std::int64_t> due_ms);
  /// It has failed; without a time it is dead.
  base::Result<void> note_failure(const std::string& plugin, const FailedLetter& letter, std::int64_t now_ms,
                                  std::optional<std::int64_t> due_ms);
  base::Result<void> forget(const std::string& plugin, std::int64_t id);
  /// Has the first of that key tried that is not dead, unless it has its time.
  base::Result<void> give_time_to_head(const std::string& plugin, const std::string& key);
  /// Removes what nobody needs of those after `from` up to `to`, which all cursors have passed; looks at so many at
  /// most, and returns up to which.
  base::Result<std::int64_t> prune(std::int64_t from, std::int64_t to, std::size_t most);
  /// That one, unless somebody needs it.
  base::Result<void> prune_one(std::int64_t id);

  /// The eldest of that subscriber, without the publisher.
  base::Result<std::vector<DeadLetter>> dead(const std::string& plugin, std::size_t most);
  /// By subscriber, of those that have some.
  base::Result<std::map<std::string, std::uint64_t>> count_dead();
  /// Has it tried again, or all of the subscriber's; returns how many that are.
  base::Result<std::uint64_t> replay(const std::string& plugin, std::optional<std::int64_t> id);
  /// Has it not come any more, or all of the subscriber's that are dead; returns how many that are.
  base::Result<std::uint64_t> discard(const std::string& plugin, std::int64_t id);
  base::Result<std::uint64_t> discard_dead(const std::string& plugin);
  /// By topic, of those that it has subscribed to.
  base::Result<std::map<std::string, StoredCounts>> counts(const std::string& plugin, std::int64_t cursor);
};

/// The statement that publishes, in whatever process; its parameters are those of to_parameters().
inline constexpr std::string_view kInsertEvent =
    "INSERT INTO mortise_outbox (topic, form, key, published_ms, event) VALUES (?1, ?2, ?3, ?4, ?5)";
/// Borrows all of them.
std::array<mortise_sql_value, 5> to_parameters(const Publication& publication);

/// Since 1970.
std::int64_t wall_clock_ms();

}  // namespace mortise::events
