// The file system with failures on order: everything goes to the real one until a test says what is to fail.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/files.hpp"

namespace mortise::base {

/// One thread. Counts what it is asked for, so that a test can also show that something was not done.
class FakeFiles final : public Files {
 public:
  enum class Operation {
    stamp,
    stamp_open,
    has_writer,
    open,
    read,
    write_atomically,
    copy,
    rename,
    remove,
    make_directory,
    open_directory,
    list
  };
  /// Runs before the operation on a path (for the open file of stamp_open and has_writer: an empty one); an error is
  /// its outcome.
  using Before = std::function<std::optional<Error>(const std::string&)>;

  void before(Operation operation, Before action) { before_[operation] = std::move(action); }
  void fail(Operation operation, Error error) {
    before(operation, [error = std::move(error)](const auto&) { return std::optional(error); });
  }
  void heal(Operation operation) { before_.erase(operation); }
  [[nodiscard]] int count(Operation operation) const {
    const auto found = counts_.find(operation);
    return found == counts_.end() ? 0 : found->second;
  }
  void reset_counts() { counts_.clear(); }

  /// What RealFiles says of a full disk.
  static Error no_space(const std::string& path) {
    return {ErrorCode::resource_exhausted, "cannot write '" + path +
                                               "': No space left on device; make room on that file system and try "
                                               "again"};
  }

  Result<FileStamp> stamp(const std::string& path) override {
    if (auto error = ask(Operation::stamp, path)) return *error;
    return real_.stamp(path);
  }
  Result<FileStamp> stamp(const Directory& directory, const std::string& name) override {
    if (auto error = ask(Operation::stamp, directory.path_of(name))) return *error;
    return real_.stamp(directory, name);
  }
  Result<FileStamp> stamp(const Descriptor& file) override {
    if (auto error = ask(Operation::stamp_open, {})) return *error;
    return real_.stamp(file);
  }
  Result<bool> has_writer(const Descriptor& file) override {
    if (auto error = ask(Operation::has_writer, {})) return *error;
    return real_.has_writer(file);
  }
  Result<Descriptor> open(const std::string& path) override {
    if (auto error = ask(Operation::open, path)) return *error;
    return real_.open(path);
  }
  Result<std::string> read(const std::string& path, std::uint64_t limit_bytes) override {
    if (auto error = ask(Operation::read, path)) return *error;
    return real_.read(path, limit_bytes);
  }
  Result<std::string> read(const Directory& directory, const std::string& name, std::uint64_t limit_bytes) override {
    if (auto error = ask(Operation::read, directory.path_of(name))) return *error;
    return real_.read(directory, name, limit_bytes);
  }
  Result<void> write_atomically(const std::string& path, std::string_view text, mode_t mode,
                                Durability durability) override {
    if (auto error = ask(Operation::write_atomically, path)) return *error;
    return real_.write_atomically(path, text, mode, durability);
  }
  Result<void> copy(const Descriptor& source, const std::string& target, mode_t mode, Durability durability,
                    const std::function<void(std::span<const std::uint8_t>)>& see) override {
    if (auto error = ask(Operation::copy, target)) return *error;
    return real_.copy(source, target, mode, durability, see);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    if (auto error = ask(Operation::rename, to)) return *error;
    return real_.rename(from, to);
  }
  Result<void> remove(const std::string& path) override {
    if (auto error = ask(Operation::remove, path)) return *error;
    return real_.remove(path);
  }
  Result<void> make_directory(const std::string& path, mode_t mode) override {
    if (auto error = ask(Operation::make_directory, path)) return *error;
    return real_.make_directory(path, mode);
  }
  Result<void> make_directory(const Directory& parent, const std::string& name, mode_t mode) override {
    if (auto error = ask(Operation::make_directory, parent.path_of(name))) return *error;
    return real_.make_directory(parent, name, mode);
  }
  Result<Directory> open_directory(const std::string& path) override {
    if (auto error = ask(Operation::open_directory, path)) return *error;
    return real_.open_directory(path);
  }
  Result<std::vector<std::string>> list(const std::string& directory, std::string_view ending) override {
    if (auto error = ask(Operation::list, directory)) return *error;
    return real_.list(directory, ending);
  }
  /// Counts, and fails, as a list() and a stamp() of each.
  Result<std::vector<ListedFile>> list_stamped(const std::string& directory, std::string_view ending) override {
    if (auto error = ask(Operation::list, directory)) return *error;
    auto files = real_.list_stamped(directory, ending);
    if (!files) return files;
    for (const auto& file : *files) {
      if (auto error = ask(Operation::stamp, file.path)) return *error;
    }
    return files;
  }

 private:
  std::optional<Error> ask(Operation operation, const std::string& path) {
    ++counts_[operation];
    const auto found = before_.find(operation);
    return found == before_.end() ? std::nullopt : found->second(path);
  }

  RealFiles real_;
  std::map<Operation, Before> before_;
  std::map<Operation, int> counts_;
};

}  // namespace mortise::base
