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
  // As good as never needed: who writes keeps nobody from reading.
  constexpr std::chrono::milliseconds kPatience{100};
  return check_migrations(database_file(directory_, manifest.name), manifest,
                          std::chrono::steady_clock::now() + kPatience);
}

base::Result<void> Sql::prepare(runtime::Generation& generation) {
  const auto& manifest = *generation.spec().manifest;
  if (!asks_for_database(manifest)) return {};
  const auto deadline = std::chrono::steady_clock::now() + time_to_migrate_;
  auto database = open(manifest.name);
  if (!database) return database.error();
  const auto is_wanted = [&] { return generation.state() == runtime::GenerationState::initialising; };
  const auto migrated =
      migrate(**database, manifest,
              {.deadline = deadline, .running_versions = versions_on(**database), .is_wanted = is_wanted});
  if (!migrated) return migrated.error();
  {
    const std::lock_guard lock(mutex_);
    by_generation_[&generation] = {.version = manifest.version.to_string(),
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

/// What the migrations have made is from here on what the plugin is to have. Where its database is busy, the next
/// release tries again.
void Sql::publish(const runtime::ReleasePtr& next) {
  std::vector<std::pair<const runtime::Generation*, std::shared_ptr<Database>>> unsettled;
  {
    const std::lock_guard lock(mutex_);
    if (unsettled_count_ == 0) return;
    for (const auto& cone : next->cones()) {
      const auto found = by_generation_.find(cone->entry.get());
      if (found != by_generation_.end() && found->second.is_to_settle)
        unsettled.emplace_back(found->first, found->second.database);
    }
  }
  for (const auto& [generation, database] : unsettled) {
    if (!settle_migrations(*database)) continue;
    const std::lock_guard lock(mutex_);
    const auto found = by_generation_.find(generation);
    if (std::exchange(found->second.is_to_settle, false)) --unsettled_count_;
  }
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
