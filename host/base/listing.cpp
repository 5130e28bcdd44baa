#include "base/listing.hpp"

#include <algorithm>
#include <utility>

namespace mortise::base {

Listing::Listing(Files& files, const std::string& directory, std::string ending)
    : files_(files),
      directory_(directory),
      folder_(directory.ends_with('/') ? directory : directory + "/"),
      ending_(std::move(ending)) {}

Result<std::span<const ListedFile>> Listing::look() {
  touched_.reset();
  if (std::exchange(has_looked_, true)) {
    if (!journal_) journal_.emplace(directory_);
    touched_ = journal_->take();
  }
  const auto seen = touched_ ? ask_again(*touched_) : ask_for_all();
  if (!seen) {
    distrust();
    touched_.reset();
    return seen.error();
  }
  return std::span<const ListedFile>(listed_);
}

Result<void> Listing::ask_for_all() {
  auto listed = files_.list_stamped(directory_, ending_);
  if (!listed) return listed.error();
  listed_ = *std::move(listed);
  return {};
}

Result<void> Listing::ask_again(const std::set<std::string>& names) {
  if (names.empty()) return {};
  const auto directory = files_.open_directory(directory_);
  if (!directory) return directory.error();
  for (const auto& name : names) {
    if (name.starts_with('.') || !name.ends_with(ending_)) continue;
    const auto path = path_of(name);
    const auto place =
        std::lower_bound(listed_.begin(), listed_.end(), path,
                         [](const ListedFile& file, const std::string& other) { return file.path < other; });
    const bool is_listed = place != listed_.end() && place->path == path;
    const auto stamp = files_.stamp(*directory, name);
    if (!stamp && stamp.error().code != ErrorCode::not_found) return stamp.error();
    if (stamp && is_listed) {
      place->stamp = *stamp;
    } else if (stamp) {
      listed_.insert(place, {path, *stamp});
    } else if (is_listed) {
      listed_.erase(place);
    }
  }
  return {};
}

}  // namespace mortise::base
