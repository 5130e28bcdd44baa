// The catalogue's memory across restarts: one SQLite file through Poco::Data. A cache: whatever is lost here is found
// out again from the drop directory. Inside this folder only.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "catalog/entry.hpp"
#include "catalog/store.hpp"
#include "storage/session.hpp"

namespace mortise::catalog {

/// Owned by the catalogue; one thread. Other processes may read the same file.
class Database {
 public:
  /// Opens or creates the file. What another gate has judged is forgotten: one of other rules, or of a host that
  /// offered other interfaces than `offered`. Fails with `data_loss` when it is no database or a broken one, with
  /// `unavailable` when it cannot be used as things are (locked, full disk, permissions).
  static base::Result<Database> open(const std::filesystem::path& file, std::span<const std::string> offered);
  /// What stands in the file, which is left as it is: what is saved then is in memory alone.
  static base::Result<Database> open_copy(const std::filesystem::path& file, std::span<const std::string> offered);
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  /// All entries; one that does not make sense is left out, so that its file is looked at again.
  base::Result<Entries> load(const Store& store);
  /// Writes these entries and drops the vanished ones, in one transaction.
  base::Result<void> save(const std::vector<const Entry*>& entries, const std::vector<std::string>& vanished);

 private:
  explicit Database(std::unique_ptr<Poco::Data::Session> session);
  static Database prepare(Poco::Data::Session session, std::span<const std::string> offered);
  std::unique_ptr<Poco::Data::Session> session_;
};

}  // namespace mortise::catalog
