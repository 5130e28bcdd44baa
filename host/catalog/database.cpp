#include "catalog/database.hpp"

#include <Poco/Checksum.h>
#include <Poco/Data/Session.h>
#include <Poco/Data/Statement.h>

#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "manifest/contract_notes.hpp"
#include "storage/sqlite.hpp"

namespace mortise::catalog {
namespace {

namespace data = Poco::Data;
using data::Keywords::into;
using data::Keywords::now;
using data::Keywords::range;
using data::Keywords::use;
using storage::guarded;

// The form of the table and the rules of the gate.
constexpr std::uint8_t kRevision = 4;
constexpr int kCachedPages = 16;  // it is read once, from end to end
constexpr std::size_t kDigestSize = 64;

/// An entry in the columns of the table.
struct Row {
  std::string path;
  std::string stamp;
  std::int64_t state = 0;
  std::string reason;
  std::string sha256;
  std::string manifest;
  std::string contracts;
  std::string notes;
  std::string claim;
  std::string image_stamp;
  std::string rival;
};

/// What stands in the file for kRevision and the host's interfaces: another number makes every file be looked at again.
std::int64_t stamp_of_gate(std::span<const std::string> offered) {
  Poco::Checksum checksum(Poco::Checksum::TYPE_CRC32);
  checksum.update(static_cast<char>(kRevision));
  for (const auto& id : std::set<std::string>(offered.begin(), offered.end())) {
    checksum.update(id.c_str(), static_cast<unsigned>(id.size() + 1));
  }
  return checksum.checksum() >> 1U;  // user_version has 31 bits
}

std::string to_text(const base::FileStamp& stamp) {
  std::string text;
  const auto add = [&](auto number) { text += (text.empty() ? "" : " ") + std::to_string(number); };
  add(stamp.device);
  add(stamp.inode);
  add(stamp.size_bytes);
  add(stamp.modified_ns);
  add(stamp.changed_ns);
  add(stamp.mode);
  add(stamp.owner);
  return text;
}

base::FileStamp to_stamp(std::string_view text) {
  base::FileStamp stamp;
  const auto take = [&](auto& number) {
    const auto* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    text = rest == end ? std::string_view() : std::string_view(rest + 1, static_cast<std::size_t>(end - rest - 1));
    return error == std::errc{};
  };
  const bool is_whole = take(stamp.device) && take(stamp.inode) && take(stamp.size_bytes) && take(stamp.modified_ns) &&
                        take(stamp.changed_ns) && take(stamp.mode) && take(stamp.owner);
  return is_whole ? stamp : base::FileStamp{};
}

Row to_row(const Entry& entry) {
  const auto& record = *entry.record;
  const auto notes = nlohmann::json(record.notes);
  return {.path = record.path,
          .stamp = to_text(record.stamp),
          .state = static_cast<std::int64_t>(record.state),
          .reason = record.reason,
          .sha256 = record.sha256,
          .manifest = record.manifest ? record.manifest->text : std::string(),
          .contracts = record.manifest ? manifest::to_text(record.manifest->contracts) : std::string(),
          .notes = notes.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
          .claim = entry.claim,
          .image_stamp = to_text(entry.image_stamp),
          .rival = entry.rival};
}

/// An entry without a record when the row makes no sense.
Entry to_entry(const Row& row, const Store& store) {
  auto record = std::make_shared<Record>();
  record->path = row.path;
  record->stamp = to_stamp(row.stamp);
  record->state = static_cast<FileState>(row.state);
  record->reason = row.reason;
  record->sha256 = row.sha256;
  bool has_contracts = false;
  if (auto manifest = manifest::parse_manifest(row.manifest)) {
    auto contracts = manifest::parse_contracts(row.contracts, *manifest);
    has_contracts = contracts.has_value();
    if (contracts) manifest->contracts = std::move(*contracts);
    record->manifest = std::make_shared<const manifest::Manifest>(std::move(*manifest));
  }
  const auto notes = nlohmann::json::parse(row.notes, nullptr, false);
  if (notes.is_array()) {
    for (const auto& note : notes) {
      if (note.is_string()) record->notes.push_back(note.get<std::string>());
    }
  }
  Entry entry{.record = nullptr, .claim = row.claim, .image_stamp = to_stamp(row.image_stamp), .rival = row.rival};
  const bool is_verified = record->state == FileState::verified;
  const bool is_claim_sound = has_contracts && row.claim.size() == kDigestSize;
  if ((is_verified || !row.claim.empty()) && !is_claim_sound) return entry;
  if (is_verified && row.claim != row.sha256) return entry;
  if (is_verified) record->image = store.image_path(row.sha256);
  entry.record = std::move(record);
  return entry;
}

}  // namespace

Database::Database(std::unique_ptr<data::Session> session) : session_(std::move(session)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

base::Result<Database> Database::open(const std::filesystem::path& file, std::span<const std::string> offered) {
  return guarded([&]() -> base::Result<Database> { return prepare(storage::open_sqlite(file), offered); });
}

base::Result<Database> Database::open_copy(const std::filesystem::path& file, std::span<const std::string> offered) {
  return guarded([&]() -> base::Result<Database> { return prepare(storage::copy_to_memory(file), offered); });
}

/// Forgets what another gate has judged. Throws Poco's exceptions.
Database Database::prepare(data::Session session, std::span<const std::string> offered) {
  session << "PRAGMA cache_size = " + std::to_string(kCachedPages), now;
  const auto gate = stamp_of_gate(offered);
  std::int64_t stored = 0;
  session << "PRAGMA user_version", into(stored), now;
  if (stored != gate) {
    storage::Transaction transaction(session);
    session << "DROP TABLE IF EXISTS file", now;
    session
        << "CREATE TABLE file (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, state INTEGER NOT NULL, "
           "reason TEXT NOT NULL, sha256 TEXT NOT NULL, manifest TEXT NOT NULL, contracts TEXT NOT NULL, "
           "notes TEXT NOT NULL, claim TEXT NOT NULL, image_stamp TEXT NOT NULL, rival TEXT NOT NULL) WITHOUT ROWID",
        now;
    session << "PRAGMA user_version = " + std::to_string(gate), now;
    transaction.commit();
  }
  return Database(std::make_unique<data::Session>(std::move(session)));
}

base::Result<Entries> Database::load(const Store& store) {
  return guarded([&]() -> base::Result<Entries> {
    Entries entries;
    Row row;
    data::Statement select(*session_);
    select
        << "SELECT path, stamp, state, reason, sha256, manifest, contracts, notes, claim, image_stamp, rival FROM file",
        into(row.path), into(row.stamp), into(row.state), into(row.reason), into(row.sha256), into(row.manifest),
        into(row.contracts), into(row.notes), into(row.claim), into(row.image_stamp), into(row.rival), range(0, 1);
    while (!select.done() && select.execute() > 0) {
      auto entry = to_entry(row, store);
      if (entry.record) entries.emplace(row.path, std::move(entry));
    }
    return entries;
  });
}

base::Result<void> Database::save(const std::vector<const Entry*>& entries, const std::vector<std::string>& vanished) {
  return guarded([&]() -> base::Result<void> {
    auto& poco = *session_;
    storage::Transaction transaction(poco);
    std::string path;
    data::Statement remove(poco);
    remove << "DELETE FROM file WHERE path = ?", use(path);
    for (const auto& gone : vanished) {
      path = gone;
      remove.execute();
    }
    Row row;
    data::Statement insert(poco);
    insert << "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", use(row.path), use(row.stamp),
        use(row.state), use(row.reason), use(row.sha256), use(row.manifest), use(row.contracts), use(row.notes),
        use(row.claim), use(row.image_stamp), use(row.rival);
    for (const auto* entry : entries) {
      row = to_row(*entry);
      insert.execute();
    }
    transaction.commit();
    return {};
  });
}

}  // namespace mortise::catalog
