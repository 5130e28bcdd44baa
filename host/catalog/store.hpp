// The content-addressed store: verified images, each named by its SHA-256, and copies on their way in. Inside this
// folder only. Invariant: a file that is not named incoming-* was verified as those very bytes and never changes.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/change_journal.hpp"
#include "base/files.hpp"
#include "base/result.hpp"

namespace mortise::catalog {

/// A copy of a dropped file that is not verified yet; removes itself unless it is kept.
class IncomingCopy {
 public:
  IncomingCopy(base::Files& files, std::string path, std::string sha256)
      : files_(&files), path_(std::move(path)), sha256_(std::move(sha256)) {}
  IncomingCopy(IncomingCopy&& other) noexcept;
  IncomingCopy& operator=(IncomingCopy&&) = delete;
  ~IncomingCopy();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& sha256() const { return sha256_; }

 private:
  friend class Store;
  base::Files* files_;
  std::string path_;  // empty: kept or moved from
  std::string sha256_;
};

/// Owned by the catalogue; one thread.
class Store {
 public:
  /// Makes the directory, for our eyes alone; fails when it cannot be written.
  static base::Result<Store> open(const std::string& directory, base::Files& files);

  /// Where the image with this digest lies, or would lie.
  [[nodiscard]] std::string image_path(const std::string& sha256) const;
  /// Looks at many images.
  class Look {
   public:
    /// Whether it lies there with that stamp. What nobody has touched since the last look is taken to be as that found
    /// it: ask of each image at each look.
    [[nodiscard]] bool has(const std::string& sha256, const base::FileStamp& stamp) const;
    /// Of each of them.
    [[nodiscard]] bool is_untouched() const { return touched_ && touched_->empty(); }

   private:
    friend class Store;
    Look(std::optional<std::set<std::string>> touched, base::Result<base::Directory> directory, base::Files& files)
        : touched_(std::move(touched)), directory_(std::move(directory)), files_(files) {}
    std::optional<std::set<std::string>> touched_;  // none: all may be
    base::Result<base::Directory> directory_;
    base::Files& files_;
  };
  Look look();
  /// The next look takes nothing for granted.
  void distrust() noexcept { journal_.distrust(); }
  /// Copies and hashes an open file. The error names the store, not the temporary file: it is the same each time.
  base::Result<IncomingCopy> take(const base::Descriptor& file);
  /// Gives the copy its final name; returns it with its stamp.
  struct Kept {
    std::string image;
    base::FileStamp stamp;
  };
  base::Result<Kept> keep(IncomingCopy copy);
  /// Removes copies that a process which ended early has left. Younger ones may be another process's at work.
  void clear_stale();

 private:
  Store(const std::string& directory, base::Files& files)
      : directory_(directory), files_(&files), journal_(directory) {}

  std::string directory_;
  base::Files* files_;
  base::ChangeJournal journal_;
  bool has_looked_ = false;  // who looks only once pays for no journal
};

}  // namespace mortise::catalog
