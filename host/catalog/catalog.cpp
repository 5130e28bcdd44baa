#include "catalog/catalog.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <span>
#include <system_error>
#include <utility>

#include "base/listing.hpp"
#include "catalog/database.hpp"
#include "catalog/entry.hpp"
#include "catalog/gate.hpp"
#include "catalog/intake.hpp"
#include "catalog/store.hpp"
#include "storage/sqlite.hpp"

namespace mortise::catalog {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

/// Whether the admin should hear of the new record.
bool differs(const Entries& before, const std::string& path, const Record& record) {
  const auto found = before.find(path);
  if (found == before.end() || record.state != FileState::pending) return true;
  const auto& old = *found->second.record;
  return old.state != record.state || old.reason != record.reason;
}

bool is_same(const Entry& a, const Entry& b) {
  return a.record->stamp == b.record->stamp && a.record->state == b.record->state &&
         a.record->reason == b.record->reason && a.claim == b.claim && a.image_stamp == b.image_stamp &&
         a.rival == b.rival;
}

}  // namespace

const char* to_string(FileState state) {
  switch (state) {
    case FileState::pending: return "pending";
    case FileState::verified: return "verified";
    case FileState::rejected: return "rejected";
  }
  return "unknown";
}

/// Holds the entries between scans; everything happens on the catalogue's thread.
class Catalog::Impl {
 public:
  Impl(Settings settings, base::Files& files, Store store, Probe probe)
      : settings_(std::move(settings)),
        files_(files),
        store_(std::move(store)),
        listing_(files, settings_.drop_directory.string(), ".so"),
        intake_(settings_, files, store_, std::move(probe)) {
    // What a thousand plugins' rows take, others do in the meantime.
    opening_ = std::async(std::launch::async, [this] { open_database(); });
  }

  /// All that the database has is there.
  void wait() const {
    if (opening_.valid()) opening_.get();
  }

  base::Result<ScanResult> scan() {
    const auto files = listing_.look();
    wait();
    if (!files) {
      return base::Error{base::ErrorCode::unavailable,
                         files.error().message + "; drop_directory must exist and be readable"};
    }
    if (!std::exchange(has_cleared_, true)) store_.clear_stale();

    const auto images = store_.look();
    Pass pass;
    if (is_settled_ && listing_.is_unchanged() && images.is_untouched()) return found_last();
    sort_out(*files, images, pass);
    is_settled_ = pass.claimants.empty() && pass.outdone.empty() && pass.others.empty();
    // Who has a claim to a name and version comes before those who want one.
    take_in(pass.claimants, pass);
    reconsider_rivals(pass);
    take_in(pass.others, pass);
    // What waits to be left alone is asked for each time, whatever it is that changes it.
    if (pass.result.retry_after) listing_.distrust();
    return conclude(std::move(pass));
  }

  void distrust() noexcept {
    listing_.distrust();
    store_.distrust();
  }

  void own() {
    wait();
    if (!std::exchange(settings_.is_borrowed, false)) return;
    const auto found_out = std::exchange(entries_, {});
    const auto records = records_;
    open_database();
    const auto written = std::exchange(entries_, found_out);
    records_ = records;
    std::vector<std::string> changed;
    for (const auto& [path, entry] : entries_) {
      const auto before = written.find(path);
      if (before == written.end() || !is_same(before->second, entry)) changed.push_back(path);
    }
    remember(changed, gone_from(written));
  }

  base::Result<RecordPtr> find_image(const std::string& sha256) {
    wait();
    for (const auto& [path, entry] : entries_) {
      const auto& record = entry.record;
      if (record->state == FileState::verified && record->sha256 == sha256) return record;
    }
    return read_image(sha256);
  }

  [[nodiscard]] const RecordSet& records() const {
    wait();
    return records_;
  }

 private:
  using Stamps = std::map<std::string, base::FileStamp>;

  /// One scan in the making.
  struct Pass {
    Entries settled;
    Stamps claimants;  // changed, verified before
    Stamps outdone;    // unchanged, rejected for a rival that may have gone
    Stamps others;     // all else that has changed
    std::vector<std::string> taken;
    ScanResult result;
  };

  /// Of an image without a file in the drop directory. What is in the store was verified as it lies there; it is
  /// hashed again, since nothing tells whether it is still so.
  base::Result<RecordPtr> read_image(const std::string& sha256) {
    const auto image = store_.image_path(sha256);
    const auto digest = hash_file(image, files_);
    if (!digest) return digest.error();
    if (*digest != sha256) {
      return base::Error{base::ErrorCode::data_loss, "'" + image + "' is damaged; drop the plugin's file again"};
    }
    const auto inspection = inspect_for(settings_.interfaces, image, image);
    if (const auto* why = inspection.rejection()) {
      return base::Error{base::ErrorCode::failed_precondition, "'" + image + "': " + why->message};
    }
    auto record = std::make_shared<Record>();
    record->path = image;
    record->state = FileState::verified;
    record->sha256 = sha256;
    record->image = image;
    record->manifest = inspection.manifest;
    return RecordPtr(std::move(record));
  }

  void open_database() {
    const auto file = settings_.state_directory / "catalog.db";
    auto error = try_database(file);
    if (error && settings_.is_borrowed) return;  // own() says it
    if (error && error->code == base::ErrorCode::data_loss) {
      database_.reset();
      const auto moved = storage::move_aside(file, files_);
      remarks_.push_back("the catalogue '" + file.string() + "' is corrupt (" + error->message + "); " +
                         (moved ? "it was moved to '" + moved->string() + "' and is built anew"
                                : "it could not be moved aside: " + moved.error().message));
      error = moved ? try_database(file) : error;
    }
    if (error) do_without(*error);
  }

  std::optional<base::Error> try_database(const fs::path& file) {
    auto opened = settings_.is_borrowed ? Database::open_copy(file, settings_.interfaces)
                                        : Database::open(file, settings_.interfaces);
    if (!opened) return opened.error();
    auto loaded = opened->load(store_);
    if (!loaded) return loaded.error();
    database_ = std::move(*opened);
    entries_ = std::move(*loaded);
    std::vector<RecordPtr> records;
    records.reserve(entries_.size());
    for (const auto& [path, entry] : entries_) records.push_back(entry.record);
    records_ = RecordSet(std::move(records));
    return std::nullopt;
  }

  void do_without(const base::Error& error) {
    database_.reset();
    remarks_.push_back("the catalogue '" + (settings_.state_directory / "catalog.db").string() +
                       "' cannot be used: " + error.message +
                       "; plugins are served all the same, but examined again after a restart. Mend its permissions "
                       "or make room, then restart");
  }

  /// Moves over what is unchanged, and parts the rest by what comes first.
  void sort_out(std::span<const base::ListedFile> files, const Store::Look& images, Pass& pass) {
    auto known = entries_.begin();  // both are in the order of their paths
    for (const auto& [path, stamp] : files) {
      while (known != entries_.end() && known->first < path) ++known;
      if (known == entries_.end() || known->first != path) {
        pass.others.emplace(path, stamp);
      } else if (!is_current(known->second, stamp, images)) {
        (known->second.claim.empty() ? pass.others : pass.claimants).emplace(path, stamp);
      } else if (known->second.rival.empty()) {
        pass.settled.insert(pass.settled.end(), entries_.extract(known++));
      } else {
        pass.outdone.emplace(path, stamp);
      }
    }
  }

  static bool is_current(const Entry& entry, const base::FileStamp& stamp, const Store::Look& images) {
    const auto state = entry.record->state;
    if (entry.record->stamp != stamp) return false;
    if (state != FileState::verified) return state == FileState::rejected;
    return images.has(entry.record->sha256, entry.image_stamp);
  }

  void reconsider_rivals(Pass& pass) {
    for (const auto& [path, stamp] : pass.outdone) {
      const auto& entry = entries_.at(path);
      const bool still_there = std::any_of(pass.settled.begin(), pass.settled.end(),
                                           [&](const auto& other) { return other.second.claim == entry.rival; });
      if (still_there) {
        pass.settled.emplace(path, entry);
      } else {
        pass.others.emplace(path, stamp);
      }
    }
  }

  void take_in(const Stamps& files, Pass& pass) {
    auto& retry_after = pass.result.retry_after;
    for (const auto& [path, stamp] : files) {
      auto outcome = intake_.take(path, stamp, {entries_, pass.settled});
      if (!outcome) continue;
      if (outcome->retry_after) {
        retry_after = retry_after ? std::min(*retry_after, *outcome->retry_after) : *outcome->retry_after;
      }
      if (differs(entries_, path, *outcome->entry.record)) pass.result.changed.push_back(outcome->entry.record);
      pass.taken.push_back(path);
      pass.settled.insert_or_assign(path, std::move(outcome->entry));
    }
  }

  ScanResult conclude(Pass pass) {
    const auto before = std::exchange(entries_, std::move(pass.settled));
    auto vanished = gone_from(before);
    remember(pass.taken, vanished);
    for (const auto& path : vanished) records_.erase(path);
    for (const auto& path : pass.taken) records_.put(entries_.at(path).record);
    auto result = std::move(pass.result);
    result.records = records_;
    result.vanished = std::move(vanished);
    result.remarks = std::exchange(remarks_, {});
    return result;
  }

  /// When each file lies there as it did.
  ScanResult found_last() {
    return {
        .records = records_, .changed = {}, .vanished = {}, .retry_after = {}, .remarks = std::exchange(remarks_, {})};
  }

  /// The paths in there that have no entry any more.
  std::vector<std::string> gone_from(const Entries& before) const {
    std::vector<std::string> gone;
    for (const auto& [path, entry] : before) {
      if (!entries_.contains(path)) gone.push_back(path);
    }
    return gone;
  }

  void remember(const std::vector<std::string>& taken, const std::vector<std::string>& vanished) {
    if (!database_ || (taken.empty() && vanished.empty())) return;
    std::vector<const Entry*> changed;
    for (const auto& path : taken) changed.push_back(&entries_.at(path));
    if (const auto saved = database_->save(changed, vanished); !saved) do_without(saved.error());
  }

  Settings settings_;
  base::Files& files_;
  Store store_;
  base::Listing listing_;
  Intake intake_;
  std::optional<Database> database_;  // none: cannot be used
  Entries entries_;
  RecordSet records_;                  // of entries_
  std::vector<std::string> remarks_;   // for the next scan to tell
  mutable std::future<void> opening_;  // until it is ready the members above are another thread's
  bool has_cleared_ = false;
  bool is_settled_ = false;  // the last scan has found every entry as the one before it had left it
};

Catalog::Catalog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Catalog::~Catalog() = default;

base::Result<std::unique_ptr<Catalog>> Catalog::open(Settings settings, base::Files& files, Probe probe) {
  auto store = Store::open((settings.state_directory / "store").string(), files);
  if (!store) return store.error();
  auto impl = std::make_unique<Impl>(std::move(settings), files, std::move(*store), std::move(probe));
  return std::unique_ptr<Catalog>(new Catalog(std::move(impl)));
}

base::Result<Catalog::ScanResult> Catalog::scan() { return impl_->scan(); }

void Catalog::distrust() noexcept { impl_->distrust(); }

void Catalog::own() { impl_->own(); }

base::Result<RecordPtr> Catalog::find_image(const std::string& sha256) { return impl_->find_image(sha256); }

RecordSet Catalog::records() const { return impl_->records(); }

}  // namespace mortise::catalog
