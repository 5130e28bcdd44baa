// Tells those who have a plugin's database open from those who want to put another one in its place.
#pragma once

#include <filesystem>

#include "base/files.hpp"
#include "base/result.hpp"

namespace mortise::sql {

/// On `NAME.lock` beside the database, for that one's own file is what is replaced. Held until destruction, or the end
/// of the process, however it ends; across processes.
class UseLock {
 public:
  /// With any number of others; `unavailable` while somebody replaces the database.
  static base::Result<UseLock> share(const std::filesystem::path& database);
  /// Alone; `failed_precondition` at once where the database is in use.
  static base::Result<UseLock> take(const std::filesystem::path& database);

  /// By the program, too, that this process becomes.
  void keep_over_exec() const;

 private:
  explicit UseLock(base::Descriptor file) : file_(std::move(file)) {}
  static base::Result<base::Descriptor> open(const std::filesystem::path& database);

  base::Descriptor file_;
};

/// Has what was made in a folder belong to whom that belongs: an administrator may work on the files of a host that
/// runs as another user. What cannot be given away stays.
void give_to_owner_of_folder(const base::Descriptor& file, const std::filesystem::path& path);

}  // namespace mortise::sql
