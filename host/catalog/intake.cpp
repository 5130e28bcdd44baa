#include "catalog/intake.hpp"

#include <algorithm>
#include <utility>

#include "catalog/gate.hpp"

namespace mortise::catalog {
namespace {

using std::chrono::milliseconds;

// A full disk or a busy machine is not mended within a blink; a scan is cheap.
constexpr milliseconds kRetry{2000};
constexpr milliseconds kFirstLook{20};

std::int64_t now_ns() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

/// An entry whose image holds the same bytes and lies in the store as it was put there, or null.
const Entry* find_image(const Entries& entries, const std::string& sha256, const Store& store, base::Files& files) {
  for (const auto& [path, entry] : entries) {
    if (entry.claim != sha256) continue;
    const auto stamp = files.stamp(store.image_path(sha256));
    if (stamp && *stamp == entry.image_stamp) return &entry;
  }
  return nullptr;
}

/// The file that has this manifest's name and version with other bytes, or null.
const Entry* find_rival(const Entries& entries, const manifest::Manifest& claim, const std::string& sha256) {
  for (const auto& [path, entry] : entries) {
    if (entry.claim.empty() || entry.claim == sha256) continue;
    const auto& manifest = *entry.record->manifest;
    if (manifest.name == claim.name && manifest.version == claim.version) return &entry;
  }
  return nullptr;
}

}  // namespace

/// The way of one file; lives for one take().
class Intake::OneFile {
 public:
  OneFile(Intake& intake, const std::string& path, const base::FileStamp& stamp, const Known& known)
      : intake_(intake), known_(known) {
    record_.path = path;
    record_.stamp = stamp;
    const auto before = known.before.find(path);
    if (before != known.before.end()) before_ = &before->second;
  }

  std::optional<Outcome> run() {
    const auto placed = check_placement(record_.stamp, record_.path);
    // Who writes a file may set its mode last; a link or a directory becomes no file by waiting.
    if (record_.stamp.is_regular()) left_ = time_to_settle();
    if (!placed) return rejected(placed.error().message);
    const auto file = intake_.files_.open(record_.path);
    if (!file) return not_opened(file.error());
    if (left_) {
      const auto has_writer = intake_.files_.has_writer(*file);
      if (!has_writer || *has_writer) return unsettled();
    }
    auto copy = intake_.store_.take(*file);
    if (!copy) return pending("cannot be stored: " + copy.error().message, kRetry);
    const auto after = intake_.files_.stamp(*file);
    if (!after || *after != record_.stamp) return pending("changed while it was read", intake_.settings_.settle);
    record_.sha256 = copy->sha256();
    return examine(std::move(*copy));
  }

 private:
  /// None when the file is complete.
  std::optional<milliseconds> time_to_settle() const {
    const auto settle = intake_.settings_.settle;
    const auto age_ns = now_ns() - record_.stamp.modified_ns;
    if (age_ns < 0) {
      // Somebody's clock is wrong. It is complete when it has not changed from one look to the next.
      const bool has_rested = before_ != nullptr && before_->record->stamp == record_.stamp;
      return has_rested ? std::nullopt : std::optional(settle);
    }
    const auto age = std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds(age_ns));
    return age < settle ? std::optional(settle - age) : std::nullopt;
  }

  std::optional<Outcome> not_opened(const base::Error& error) {
    if (error.code == base::ErrorCode::not_found) return std::nullopt;
    const bool is_final =
        error.code == base::ErrorCode::permission_denied || error.code == base::ErrorCode::invalid_argument;
    return is_final ? rejected(error.message) : pending("cannot be opened: " + error.message, kRetry);
  }

  std::optional<Outcome> examine(IncomingCopy copy) {
    auto inspection = inspect_for(intake_.settings_.interfaces, copy.path(), record_.path);
    for (const auto& finding : inspection.findings) {
      if (finding.check == "unreadable") return pending("cannot be read back: " + finding.message, kRetry);
      if (finding.weight != manifest::Finding::Weight::error) record_.notes.push_back(finding.message);
    }
    record_.manifest = std::move(inspection.manifest);
    if (const auto* rejection = inspection.rejection()) return rejected(rejection->message);
    if (const auto* rival = find_rival(known_.settled, *record_.manifest, record_.sha256)) return outdone(*rival);

    for (const auto* entries : {&known_.settled, &known_.before}) {
      const auto* same = find_image(*entries, record_.sha256, intake_.store_, intake_.files_);
      if (same != nullptr) return verified({intake_.store_.image_path(record_.sha256), same->image_stamp});
    }

    if (const auto probed = intake_.probe_(copy.path()); !probed) {
      const auto message = "'" + record_.path + "' " + probed.error().message;
      if (probed.error().code == base::ErrorCode::unavailable) return pending(message, kRetry);
      return refused(message);
    }
    auto kept = intake_.store_.keep(std::move(copy));
    if (!kept) return pending("cannot be stored: " + kept.error().message, kRetry);
    return verified(std::move(*kept));
  }

  Outcome outdone(const Entry& rival) {
    auto outcome =
        refused("'" + record_.path + "' (sha256 " + record_.sha256 + ") claims to be " + record_.manifest->name + " " +
                record_.manifest->version.to_string() + ", which '" + rival.record->path + "' (sha256 " + rival.claim +
                ") already is; give it a version of its own, or remove one of the two");
    outcome.entry.rival = rival.claim;
    return outcome;
  }

  Outcome pending(const std::string& reason, milliseconds retry_after) {
    record_.state = FileState::pending;
    const auto path = "'" + record_.path + "' ";
    record_.reason = reason.rfind(path, 0) == 0 ? reason : path + reason;
    Entry entry;
    if (before_ != nullptr) {
      record_.manifest = before_->record->manifest;
      record_.notes = before_->record->notes;
      entry.claim = before_->claim;
      entry.image_stamp = before_->image_stamp;
    }
    return finish(std::move(entry), std::max(retry_after, milliseconds(1)));
  }

  /// What is young may be a part of what it will be: it passes or waits.
  Outcome unsettled() {
    record_.sha256.clear();
    record_.manifest.reset();
    record_.notes.clear();
    return pending("is still being written", std::min(*left_, look_again_after()));
  }

  /// Who writes has closed the file soon, which nobody tells: looks follow each other ever more slowly.
  [[nodiscard]] milliseconds look_again_after() const {
    if (record_.stamp.modified_ns > now_ns()) return *left_;  // its age is unknown
    return std::max(kFirstLook, intake_.settings_.settle - *left_);
  }

  Outcome rejected(const std::string& reason) { return left_ ? unsettled() : refused(reason); }

  Outcome refused(const std::string& reason) {
    record_.state = FileState::rejected;
    record_.reason = reason;
    return finish({}, std::nullopt);
  }

  Outcome verified(Store::Kept kept) {
    record_.state = FileState::verified;
    record_.image = std::move(kept.image);
    Entry entry;
    entry.claim = record_.sha256;
    entry.image_stamp = kept.stamp;
    return finish(std::move(entry), std::nullopt);
  }

  Outcome finish(Entry entry, std::optional<milliseconds> retry_after) {
    entry.record = std::make_shared<const Record>(std::move(record_));
    return {std::move(entry), retry_after};
  }

  Intake& intake_;
  const Known& known_;
  Record record_;
  const Entry* before_ = nullptr;
  std::optional<milliseconds> left_;  // until it has settled; none: it has
};

std::optional<Intake::Outcome> Intake::take(const std::string& path, const base::FileStamp& stamp, const Known& known) {
  return OneFile(*this, path, stamp, known).run();
}

}  // namespace mortise::catalog
