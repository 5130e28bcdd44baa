#include "sql/sql.hpp"

#include <mortise/abi/sql.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/generation.hpp"
#include "runtime/release.hpp"
#include "sql/database.hpp"
#include "sql/extension_tables.hpp"
#include "sql/maintenance.hpp"
#include "sql/migrations.hpp"
#include "sql/sql_table.hpp"

namespace mortise::sql {
namespace {

using base::Error;
using base::ErrorCode;

// As good as never needed: who writes keeps nobody from reading, and does not write for long.
constexpr std::chrono::milliseconds kSoon{100};

}  // namespace

bool asks_for_database(const manifest::Manifest& manifest) {
  const auto tables = extension_tables();
  return !manifest.migrations.empty() || manifest.names_interface(MORTISE_SQL_V1) ||
         std::any_of(tables.begin(), tables.end(), [&](const auto& table) { return table.is_for(manifest); });
}

/// What a generation keeps: that it has a database.
class Sql::Entry {
 public:
  Entry(Sql& sql, const runtime::Generation& generation) : sql_(sql), generation_(&generation) {}
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry() { sql_.remove(generation_); }

 private:
  Sql& sql_;
  const runtime::Generation* generation_;
};

Sql::Sql(std::filesystem::path directory, base::Files& files, std::chrono::milliseconds time_to_migrate)
    : directory_(std::move(directory)), files_(files), time_to_migrate_(time_to_migrate) {
  // Of the process, whoever's statements take it: what one of them asks for must not be the end of all.
  constexpr sqlite3_int64 kMostBytes = sqlite3_int64{1} << 30;
  ::sqlite3_hard_heap_limit64(kMostBytes);
  // From here on caches grow no more, whose they are: each puts what it reads in the place of what it has read, and the
  // other half is left to what statements compute with.
  ::sqlite3_soft_heap_limit64(kMostBytes / 2);
}
Sql::~Sql() = default;

std::span<const runtime::Offer> Sql::offers() noexcept {
  static const std::array kOffers{runtime::Offer{MORTISE_SQL_V1, &sql_table()}};
  return kOffers;
}

const void* Sql::interface(std::string_view id) const noexcept { return runtime::find_offer(offers(), id); }

base::Result<void> Sql::check_ahead(const manifest::Manifest& manifest) {
  if (!asks_for_database(manifest)) return {};
  // What then still keeps it waiting is left to its start.
  const auto deadline = std::chrono::steady_clock::now() + kSoon;
  if (const auto database = find_unsettled(manifest.name)) settle(manifest.name, *database, deadline);
  return check_migrations(database_file(directory_, manifest.name), manifest, deadline);
}

base::Result<void> Sql::prepare(runtime::Generation& generation) {
  const auto& manifest = *generation.spec().manifest;
  if (!asks_for_database(manifest)) return {};
  const auto deadline = std::chrono::steady_clock::now() + time_to_migrate_;
  auto database = open(manifest.name);
  if (!database) return database.error();
  if (!settle(manifest.name, **database, deadline)) {
    return Error{
        ErrorCode::unavailable,
        "the database of plugin '" + manifest.name +
            "' is busy: until what writes there has ended, no other version of it may start; apply again then"};
  }
  const auto is_wanted = [&] { return generation.state() == runtime::GenerationState::initialising; };
  const auto migrated =
      migrate(**database, manifest,
              {.deadline = deadline, .running_versions = versions_on(**database), .is_wanted = is_wanted});
  if (!migrated) return migrated.error();
  {
    const std::lock_guard lock(mutex_);
    by_generation_[&generation] = {.plugin = manifest.name,
                                   .version = manifest.version.to_string(),
                                   .database = std::move(*database),
                                   .is_to_settle = migrated->is_to_settle};
    if (migrated->is_to_settle) ++unsettled_count_;
  }
  generation.keep(std::make_shared<Entry>(*this, generation));
  return {};
}

/// Those that run beside the one that is about to be made.
std::vector<std::string> Sql::versions_on(const Database& database) {
  std::vector<std::string> versions;
  const std::lock_guard lock(mutex_);
  for (const auto& [generation, used] : by_generation_) {
    if (used.database.get() == &database) versions.push_back(used.version);
  }
  return versions;
}

/// What the migrations have made is from here on what the plugin is to have.
void Sql::publish(const runtime::ReleasePtr& next) {
  std::vector<std::pair<std::string, std::shared_ptr<Database>>> due;
  {
    const std::lock_guard lock(mutex_);
    if (unsettled_count_ == 0) return;
    for (const auto& cone : next->cones()) {
      const auto found = by_generation_.find(cone->entry.get());
      if (found == by_generation_.end() || !std::exchange(found->second.is_to_settle, false)) continue;
      --unsettled_count_;
      unsettled_.insert(cone->entry->name());
      due.emplace_back(cone->entry->name(), found->second.database);
    }
  }
  for (const auto& [plugin, database] : due) settle(plugin, *database, std::chrono::steady_clock::now() + kSoon);
}

/// Whether nothing is left to be settled of the plugin's.
bool Sql::settle(const std::string& plugin, Database& database, Time deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (!unsettled_.contains(plugin)) return true;
  }
  if (!settle_migrations(database, deadline)) return false;
  const std::lock_guard lock(mutex_);
  unsettled_.erase(plugin);
  return true;
}

/// The plugin's database, if something is left to be settled of it; null, too, where nobody has it open.
std::shared_ptr<Database> Sql::find_unsettled(const std::string& plugin) {
  const std::lock_guard lock(mutex_);
  if (!unsettled_.contains(plugin)) return nullptr;
  const auto found = std::find_if(by_generation_.begin(), by_generation_.end(),
                                  [&](const auto& one) { return one.second.plugin == plugin; });
  return found == by_generation_.end() ? nullptr : found->second.database;
}

/// One for all generations of a plugin that run.
base::Result<std::shared_ptr<Database>> Sql::open(const std::string& plugin) {
  const std::lock_guard lock(opening_);
  if (auto open = by_plugin_[plugin].lock()) return open;
  constexpr mode_t kOwnerOnly = 0700;
  if (const auto made = files_.make_directory(directory_.string(), kOwnerOnly); !made) return made.error();
  auto opened = Database::open(database_file(directory_, plugin));
  if (opened) by_plugin_[plugin] = *opened;
  return opened;
}

/// Goes with its generation.
void Sql::remove(const runtime::Generation* generation) noexcept {
  std::shared_ptr<Database> last;  // closed when nobody waits for the lock
  const std::lock_guard lock(mutex_);
  const auto found = by_generation_.find(generation);
  if (found->second.is_to_settle) --unsettled_count_;
  last = std::move(found->second.database);
  by_generation_.erase(found);
}

std::shared_ptr<Database> Sql::find(const runtime::Generation& generation) {
  const std::lock_guard lock(mutex_);
  const auto found = by_generation_.find(&generation);
  return found == by_generation_.end() ? nullptr : found->second.database;
}

}  // namespace mortise::sql
