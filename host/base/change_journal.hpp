// Which names in a directory have been touched. The kernel writes that down before the call that touches one returns:
// whoever changes a file and then asks us to look finds it seen.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "base/files.hpp"

namespace mortise::base {

/// Of one directory, not of those below it. One thread. It is not told of what another machine does on a shared file
/// system (there it never claims to know), of a file that is written through a hard link in another directory, of links
/// that come to a file or go, and of writes through a mapping before that is gone: look at everything now and then.
class ChangeJournal {
 public:
  explicit ChangeJournal(std::string directory) : directory_(std::move(directory)) {}

  /// The names touched since the last call; nullopt: any may have been, also at the first call, at which the journal
  /// begins. Look at the files after this, not before.
  std::optional<std::set<std::string>> take();
  /// The next call claims to know nothing.
  void distrust() noexcept { watch_ = {}; }

 private:
  void begin();

  std::string directory_;
  Descriptor watch_;  // closed: nothing is known
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;  // of what is watched; another one may have taken its name
};

}  // namespace mortise::base
