// The content-addressed store: verified images, each named by its SHA-256, and copies on their way in. Inside this
// folder only. Invariant: a file that is not named incoming-* was verified as those very bytes and never changes.
#pragma once

#include <string>
#include <utility>

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
  static base::Result<Store> open(std::string directory, base::Files& files);

  /// Where the image with this digest lies, or would lie.
  [[nodiscard]] std::string image_path(const std::string& sha256) const;
  /// Asks for many images' stamps.
  class Stamps {
   public:
    base::Result<base::FileStamp> of(const std::string& sha256) const;

   private:
    friend class Store;
    Stamps(base::Result<base::Directory> directory, base::Files& files)
        : directory_(std::move(directory)), files_(files) {}
    base::Result<base::Directory> directory_;
    base::Files& files_;
  };
  [[nodiscard]] Stamps stamps() const { return {files_->open_directory(directory_), *files_}; }
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
  Store(std::string directory, base::Files& files) : directory_(std::move(directory)), files_(&files) {}

  std::string directory_;
  base::Files* files_;
};

}  // namespace mortise::catalog
