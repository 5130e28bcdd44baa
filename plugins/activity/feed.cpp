#include "feed.hpp"

namespace activity {
namespace {

constexpr std::int64_t kMost = 1000;

}  // namespace

std::optional<Entry> Feed::add(const mortise::EventInfo& event, std::int64_t note, std::string_view change,
                               std::string_view title) {
  // SQLite's numbers have a sign; these are bits.
  const auto high = static_cast<std::int64_t>(event.id_high);
  const auto low = static_cast<std::int64_t>(event.id_low);
  return sql_.transaction([&](mortise::SqlTransaction& tx) {
    auto entry = tx.select_one<Entry>(
        "INSERT INTO activity (event_high, event_low, at, note, change, title) "
        "VALUES (?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', ? / 1000.0, 'unixepoch'), ?, ?, ?) "
        "ON CONFLICT (event_high, event_low) DO NOTHING RETURNING id, at, note, change, title",
        high, low, event.published_ms, note, change, title);
    if (entry) tx.execute("DELETE FROM activity WHERE id <= ?", entry->id - kMost);
    return entry;
  });
}

std::vector<Entry> Feed::list(std::int64_t after, int limit) {
  return sql_.select<Entry>("SELECT id, at, note, change, title FROM activity WHERE id > ? ORDER BY id LIMIT ?", after,
                            limit);
}

std::int64_t Feed::before_last(int count) {
  return sql_.select_one<std::int64_t>("SELECT id FROM activity ORDER BY id DESC LIMIT 1 OFFSET ?", count).value_or(0);
}

}  // namespace activity
