#include "catalog/store.hpp"

#include <chrono>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>

#include "base/sha256.hpp"

namespace mortise::catalog {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIncoming = "incoming-";
constexpr std::chrono::minutes kStale{10};  // longer than any copy and probe takes
constexpr mode_t kImageMode = 0444;

std::string image_name(const std::string& sha256) { return sha256 + ".so"; }

}  // namespace

IncomingCopy::IncomingCopy(IncomingCopy&& other) noexcept
    : files_(other.files_), path_(std::exchange(other.path_, {})), sha256_(std::move(other.sha256_)) {}

IncomingCopy::~IncomingCopy() {
  // What cannot be removed is cleared away as stale later.
  if (!path_.empty()) static_cast<void>(files_->remove(path_));
}

base::Result<Store> Store::open(const std::string& directory, base::Files& files) {
  if (auto made = files.make_directory(directory, 0700); !made) return made.error();
  std::error_code error;
  fs::permissions(directory, fs::perms::owner_all, error);
  if (error) {
    return base::Error{base::ErrorCode::permission_denied, "cannot keep others out of '" + directory +
                                                               "': " + error.message() +
                                                               "; it must belong to the user that the host runs as"};
  }
  return Store(directory, files);
}

std::string Store::image_path(const std::string& sha256) const { return directory_ + "/" + image_name(sha256); }

Store::Look Store::look() {
  auto touched = std::exchange(has_looked_, true) ? journal_.take() : std::nullopt;
  return {std::move(touched), files_->open_directory(directory_), *files_};
}

bool Store::Look::has(const std::string& sha256, const base::FileStamp& stamp) const {
  const auto name = image_name(sha256);
  if (touched_ && !touched_->contains(name)) return true;
  if (!directory_) return false;
  const auto found = files_.stamp(*directory_, name);
  return found && *found == stamp;
}

base::Result<IncomingCopy> Store::take(const base::Descriptor& file) {
  std::random_device random;
  const auto path =
      directory_ + "/" + std::string(kIncoming) + std::to_string(random()) + "-" + std::to_string(random()) + ".so";
  base::Sha256 sha256;
  const auto copied = files_->copy(file, path, kImageMode, base::Durability::synced,
                                   [&](std::span<const std::uint8_t> piece) { sha256.update(piece); });
  if (!copied) {
    auto error = copied.error();
    const auto named = error.message.find(path);
    if (named != std::string::npos) error.message.replace(named, path.size(), directory_);
    return error;
  }
  return base::Result<IncomingCopy>(boost::system::in_place_value, *files_, path, sha256.finish());
}

base::Result<Store::Kept> Store::keep(IncomingCopy copy) {
  const auto image = image_path(copy.sha256());
  // What may be there already gives way: a running plugin keeps its mapping of the file that it was loaded from.
  if (auto renamed = files_->rename(copy.path(), image); !renamed) return renamed.error();
  copy.path_.clear();
  const auto stamp = files_->stamp(image);
  if (!stamp) return stamp.error();
  return Kept{image, *stamp};
}

void Store::clear_stale() {
  const auto found = files_->list(directory_, ".so");
  if (!found) return;
  const auto since = std::chrono::system_clock::now().time_since_epoch() - kStale;
  const auto oldest_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
  const auto incoming = directory_ + "/" + std::string(kIncoming);
  for (const auto& path : *found) {
    if (!path.starts_with(incoming)) continue;
    const auto stamp = files_->stamp(path);
    if (stamp && stamp->modified_ns < oldest_ns) static_cast<void>(files_->remove(path));
  }
}

}  // namespace mortise::catalog
