#include "feed.hpp"

namespace activity {
namespace {

constexpr std::int64_t kMost = 1000;

}  // namespace

Entry Feed::add(std::int64_t note, std::string_view change, std::string_view title, std::int64_t at_ms) {
  return sql_.transaction([&](mortise::SqlTransaction& tx) {
    auto entry = tx.select_one<Entry>(
                       "INSERT INTO activity (at, note, change, title) "
                       "VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', ? / 1000.0, 'unixepoch'), ?, ?, ?) "
                       "RETURNING id, at, note, change, title",
                       at_ms, note, change, title)
                     .value();
    tx.execute("DELETE FROM activity WHERE id <= ?", entry.id - kMost);
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
