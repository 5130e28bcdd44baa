// From drop directory to verified images. Every file of the drop directory has one record here: verified (its
// copy is in the store, named by its SHA-256), rejected with a reason, or pending while it is being written.
// Records live in SQLite, so that an unchanged file is neither read nor probed again after a restart.
// Invariant: what is verified was checked and probed as the very bytes that lie in the store.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.hpp"
#include "base/persistent_set.hpp"
#include "base/result.hpp"
#include "manifest/binary.hpp"
#include "manifest/manifest.hpp"

namespace mortise::catalog {

enum class FileState { pending, verified, rejected };
const char* to_string(FileState state);

/// What is known of one file in the drop directory. Immutable; shared.
struct Record {
  std::string path;
  base::FileStamp stamp;
  FileState state = FileState::pending;
  std::string reason;                                  // rejected or pending: why, and what to do
  std::string sha256;                                  // once the file was read
  std::string image;                                   // verified: the copy in the store
  std::shared_ptr<const manifest::Manifest> manifest;  // whenever it could be read; pending: the last one
  std::vector<std::string> notes;                      // warnings: GNU_UNIQUE symbols, ...
};
using RecordPtr = std::shared_ptr<const Record>;

struct PathOfRecord {
  std::string_view operator()(const RecordPtr& record) const { return record->path; }
};
using RecordSet = base::PersistentSet<RecordPtr, PathOfRecord>;

/// Runs a file's code where it can do no harm; an error carries the evidence. The code `unavailable` means that it
/// could not be tried.
using Probe = std::function<base::Result<void>(const std::filesystem::path& image)>;

struct Settings {
  std::filesystem::path drop_directory;
  std::filesystem::path state_directory;  // store/ and catalog.db live below it
  std::chrono::milliseconds settle{200};  // a file is complete when unchanged for this long
  std::vector<std::string> interfaces{};  // ids that the host offers; a file that requires another is rejected
  bool is_borrowed = false;               // catalog.db is another host's until own(): it is left as it is
};

/// Owned by the application; one thread at a time (the release thread). Reads of the last result are by value.
class Catalog {
 public:
  /// Opens or creates the store and the database; fails with a message for the admin when the store cannot be
  /// written. A database that is corrupt or cannot be used never stops the host: it is moved aside, or done without,
  /// and the next scan says so. Other processes may have the same catalogue open and read its records().
  static base::Result<std::unique_ptr<Catalog>> open(Settings settings, base::Files& files, Probe probe);
  ~Catalog();

  /// Looks at every `.so` of the drop directory and takes in what has changed. `retry_after` is set when some
  /// file is still settling or could not be stored for want of room: look again by then. Fails when the directory
  /// cannot be listed; the records then stay as they were. Of two files that claim one name and version with
  /// different digests, the one that was catalogued first stays, within one scan the first by path.
  struct ScanResult {
    RecordSet records;               // every file present, by path
    std::vector<RecordPtr> changed;  // those whose record this scan made or changed
    std::vector<std::string> vanished;
    std::optional<std::chrono::milliseconds> retry_after;
    std::vector<std::string> remarks;  // what the admin should know about the catalogue itself; each said once
  };
  base::Result<ScanResult> scan();
  /// The next scan asks for each file, whatever the kernel has told of them; see base::ChangeJournal.
  void distrust() noexcept;

  /// From here on catalog.db is this host's: what was found out is written there.
  void own();

  /// A verified image by its digest, also one whose file has left the drop directory; then the record's path is the
  /// image's own. Fails when the store does not have it, or not any more as it was.
  base::Result<RecordPtr> find_image(const std::string& sha256);

  /// The records as of the last scan or, before one, as the database has them.
  [[nodiscard]] RecordSet records() const;

 private:
  class Impl;
  explicit Catalog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mortise::catalog
