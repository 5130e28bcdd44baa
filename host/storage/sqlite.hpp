// SQLite through Poco::Data: opening, and failures as values. Heavy: include it in sources alone.
#pragma once

#include <Poco/Data/Session.h>
#include <Poco/Exception.h>

#include <filesystem>

#include "base/files.hpp"
#include "base/result.hpp"

namespace mortise::storage {

/// Opens or creates the file. Throws Poco's exceptions: call it under guarded().
Poco::Data::Session open_sqlite(const std::filesystem::path& file);

/// A database in memory with what is in the file, which is left as it is; empty when there is no file. Throws likewise.
Poco::Data::Session copy_to_memory(const std::filesystem::path& file);

/// From construction to commit(); undone when this goes without it. Unlike Poco's own, which believes in a transaction
/// that SQLite has ended by itself (a full disk) and refuses every later one. Throws as open_sqlite() does. One thread;
/// the session outlives it.
class Transaction {
 public:
  explicit Transaction(Poco::Data::Session& session);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  Poco::Data::Session& session_;
  bool is_open_ = true;
};

/// Gives a broken file a name beside its own that nothing has yet; returns that.
base::Result<std::filesystem::path> move_aside(const std::filesystem::path& file, base::Files& files);

/// `unavailable`: it cannot be used as things are (locked, full disk, permissions); `data_loss`: it is no database, or
/// a broken one.
base::Error to_error(const Poco::Exception& exception);

/// Runs what may throw Poco's exceptions.
template <class Action>
auto guarded(const Action& action) -> decltype(action()) {
  try {
    return action();
  } catch (const Poco::Exception& exception) {
    return to_error(exception);
  }
}

}  // namespace mortise::storage
