// Where notes are kept: one SQLite database, the plugin's own.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace notes {

struct Note {
  std::int64_t id = 0;
  std::string title;
  std::string text;
  std::string changed;  // RFC 3339, UTC
};

/// Any thread: one statement runs at a time. Throws mortise::Error when the database fails.
class Store {
 public:
  explicit Store(const std::string& file);
  ~Store();

  Note add(const std::string& title, const std::string& text);
  std::optional<Note> find(std::int64_t id);
  /// Up to `limit` notes with an id above `after`, by id.
  std::vector<Note> list(std::int64_t after, int limit);
  /// Replaces what is given; nothing when there is no such note.
  std::optional<Note> change(std::int64_t id, const std::optional<std::string>& title,
                             const std::optional<std::string>& text);
  bool remove(std::int64_t id);

 private:
  struct CloseDatabase {
    void operator()(sqlite3* database) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;
  class Run;

  Statement prepare(const char* sql);
  void execute(const char* sql);
  [[noreturn]] void fail(const char* action);

  std::mutex mutex_;  // guards the database and its statements
  std::unique_ptr<sqlite3, CloseDatabase> database_;
  Statement add_;
  Statement find_;
  Statement list_;
  Statement change_;
  Statement remove_;
};

}  // namespace notes
