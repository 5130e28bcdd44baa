#include "store.hpp"

namespace notes {

Note Store::add(const std::string& title, const std::string& text) {
  return sql_
      .select_one<Note>("INSERT INTO note (title, text) VALUES (?, ?) RETURNING id, title, text, changed", title, text)
      .value();
}

std::optional<Note> Store::find(std::int64_t id) {
  return sql_.select_one<Note>("SELECT id, title, text, changed FROM note WHERE id = ?", id);
}

std::vector<Note> Store::list(std::int64_t after, int limit) {
  return sql_.select<Note>("SELECT id, title, text, changed FROM note WHERE id > ? ORDER BY id LIMIT ?", after, limit);
}

/// One statement, so that who changes the title and who changes the text at the same time both have their way.
std::optional<Note> Store::change(std::int64_t id, const std::optional<std::string>& title,
                                  const std::optional<std::string>& text) {
  return sql_.select_one<Note>(
      "UPDATE note SET title = COALESCE(?, title), text = COALESCE(?, text), "
      "changed = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ? RETURNING id, title, text, changed",
      title, text, id);
}

std::optional<Note> Store::remove(std::int64_t id) {
  return sql_.select_one<Note>("DELETE FROM note WHERE id = ? RETURNING id, title, text, changed", id);
}

}  // namespace notes
