// What lies in a directory, for who looks again and again: asks the system only for what has been touched in between.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/change_journal.hpp"
#include "base/files.hpp"

namespace mortise::base {

/// One thread. Who looks only once pays for no journal.
class Listing {
 public:
  /// As Files::list_stamped().
  Listing(Files& files, const std::string& directory, std::string ending);

  /// By path; valid until the next look. The one after a failure asks for each file again.
  Result<std::span<const ListedFile>> look();
  /// Whether the last look has found all as the one before it.
  [[nodiscard]] bool is_unchanged() const noexcept { return touched_ && touched_->empty(); }
  /// The names in the directory that were touched between the last two looks, of files that are listed or not; nullopt:
  /// any may have been.
  [[nodiscard]] const std::optional<std::set<std::string>>& touched() const noexcept { return touched_; }
  /// As in the list.
  [[nodiscard]] std::string path_of(const std::string& name) const { return folder_ + name; }
  /// The next look asks for each file; what the journal is not told of is seen then.
  void distrust() noexcept { journal_.reset(); }

 private:
  Result<void> ask_for_all();
  Result<void> ask_again(const std::set<std::string>& names);

  Files& files_;
  std::string directory_;
  std::string folder_;  // the same, as paths begin
  std::string ending_;
  std::optional<ChangeJournal> journal_;  // none: at the next look but one, at the earliest
  bool has_looked_ = false;
  std::optional<std::set<std::string>> touched_;
  std::vector<ListedFile> listed_;
};

}  // namespace mortise::base
