// The host's seam to the file system: what it does to files beyond plain streams, so that tests can make
// any step fail. RealFiles talks to the operating system; tests/unit/base/fake_files.hpp injects failures.
#pragma once

#include <sys/types.h>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace mortise::base {

/// An open descriptor; closes it when it goes.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
  int release() noexcept;

 private:
  int fd_ = -1;
};

/// An open directory: what lies in it is reached by its name, which is cheaper than by its path. Go through it for many
/// files at a time and let it go then: it stays what it was when another one takes its place.
class Directory {
 public:
  Directory(Descriptor descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  [[nodiscard]] int get() const noexcept { return descriptor_.get(); }
  /// Of what has this name in it.
  [[nodiscard]] std::string path_of(const std::string& name) const { return path_ + "/" + name; }

 private:
  Descriptor descriptor_;
  std::string path_;
};

/// What identifies one state of a file: when all of these are the same, so is its content.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  mode_t mode = 0;
  uid_t owner = 0;

  bool operator==(const FileStamp&) const = default;
  [[nodiscard]] bool is_regular() const noexcept;
  [[nodiscard]] bool is_symlink() const noexcept;
  [[nodiscard]] bool is_writable_by_others() const noexcept;  // group members do not count
};

/// A file as it lies in its directory.
struct ListedFile {
  std::string path;
  FileStamp stamp;
};

/// Whether what was written is on the disk when the call returns, and so survives the machine's crash.
enum class Durability { none, synced };

/// Any thread. Errors name the path, the cause and, where there is one, the remedy. Paths are plain text: a
/// std::filesystem::path is taken apart when it is made, which costs more than most of these calls.
class Files {
 public:
  virtual ~Files() = default;

  /// Of the file itself: a symbolic link is not followed.
  virtual Result<FileStamp> stamp(const std::string& path) = 0;
  virtual Result<FileStamp> stamp(const Directory& directory, const std::string& name) = 0;
  virtual Result<FileStamp> stamp(const Descriptor& file) = 0;
  /// Whether some process has the file, which open() gave, open for writing. Fails where the kernel does not tell: on
  /// some file systems, and of a stranger's file.
  virtual Result<bool> has_writer(const Descriptor& file) = 0;
  /// For reading; refuses a symbolic link as last component; never blocks on a FIFO.
  virtual Result<Descriptor> open(const std::string& path) = 0;
  virtual Result<std::string> read(const std::string& path, std::uint64_t limit_bytes) = 0;
  virtual Result<std::string> read(const Directory& directory, const std::string& name, std::uint64_t limit_bytes) = 0;
  /// Replaces `path` at one stroke: temporary file beside it, fsync, rename. A crash leaves the old or the new; without
  /// durability only our own crash, after the machine's it may be empty.
  virtual Result<void> write_atomically(const std::string& path, std::string_view text, mode_t mode,
                                        Durability durability) = 0;
  /// Copies from the start of `source` into a new file `target` (which must not exist); hands every piece to `see` on
  /// the way (for hashing). On failure there is no target.
  virtual Result<void> copy(const Descriptor& source, const std::string& target, mode_t mode, Durability durability,
                            const std::function<void(std::span<const std::uint8_t>)>& see) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  /// Creates the directory and its parents; an existing one is fine. Fails when it is not writable for us.
  virtual Result<void> make_directory(const std::string& path, mode_t mode) = 0;
  /// As the one above, in `parent`.
  virtual Result<void> make_directory(const Directory& parent, const std::string& name, mode_t mode) = 0;
  virtual Result<Directory> open_directory(const std::string& path) = 0;
  /// The paths of what lies in the directory under a name with this ending (".so"), in order; hidden names are left
  /// out.
  virtual Result<std::vector<std::string>> list(const std::string& directory, std::string_view ending) = 0;
  /// The same, each with its stamp; cheaper than to ask for these one by one.
  virtual Result<std::vector<ListedFile>> list_stamped(const std::string& directory, std::string_view ending) = 0;
};

class RealFiles final : public Files {
 public:
  Result<FileStamp> stamp(const std::string& path) override;
  Result<FileStamp> stamp(const Directory& directory, const std::string& name) override;
  Result<FileStamp> stamp(const Descriptor& file) override;
  Result<bool> has_writer(const Descriptor& file) override;
  Result<Descriptor> open(const std::string& path) override;
  Result<std::string> read(const std::string& path, std::uint64_t limit_bytes) override;
  Result<std::string> read(const Directory& directory, const std::string& name, std::uint64_t limit_bytes) override;
  Result<void> write_atomically(const std::string& path, std::string_view text, mode_t mode,
                                Durability durability) override;
  Result<void> copy(const Descriptor& source, const std::string& target, mode_t mode, Durability durability,
                    const std::function<void(std::span<const std::uint8_t>)>& see) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> make_directory(const std::string& path, mode_t mode) override;
  Result<void> make_directory(const Directory& parent, const std::string& name, mode_t mode) override;
  Result<Directory> open_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory, std::string_view ending) override;
  Result<std::vector<ListedFile>> list_stamped(const std::string& directory, std::string_view ending) override;
};

}  // namespace mortise::base
