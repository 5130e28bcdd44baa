#include "sql/sql.hpp"

#include <mortise/abi/sql.h>

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/generation.hpp"
#include "sql/database.hpp"
#include "sql/migrations.hpp"
#include "sql/sql_table.hpp"

namespace mortise::sql {
namespace {

using base::Error;
using base::ErrorCode;

bool asks_for_database(const manifest::Manifest& manifest) {
  const auto& interfaces = manifest.interfaces;
  return !manifest.migrations.empty() ||
         std::find(interfaces.begin(), interfaces.end(), MORTISE_SQL_V1) != interfaces.end();
}

}  // namespace

Sql::Sql(std::filesystem::path directory, base::Files& files) : directory_(std::move(directory)), files_(files) {}
Sql::~Sql() = default;

std::span<const runtime::Offer> Sql::offers() noexcept {
  static const std::array kOffers{runtime::Offer{MORTISE_SQL_V1, &sql_table()}};
  return kOffers;
}

const void* Sql::interface(std::string_view id) const noexcept { return runtime::find_offer(offers(), id); }

base::Result<void> Sql::prepare(const runtime::Generation& generation) {
  const auto& manifest = *generation.spec().manifest;
  if (!asks_for_database(manifest)) return {};
  if (generation.spec().stand_in) {
    return Error{ErrorCode::unimplemented,
                 "a plugin with a database runs in the host process alone; leave \"placement\" out, or set \"inline\""};
  }
  auto database = open(manifest.name);
  if (!database) return database.error();
  if (const auto migrated = migrate(**database, manifest); !migrated) return migrated.error();
  const std::lock_guard lock(mutex_);
  by_generation_[&generation] = std::move(*database);
  return {};
}

/// One for all generations of a plugin that run.
base::Result<std::shared_ptr<Database>> Sql::open(const std::string& plugin) {
  const std::lock_guard lock(opening_);
  if (auto open = by_plugin_[plugin].lock()) return open;
  constexpr mode_t kOwnerOnly = 0700;
  if (const auto made = files_.make_directory(directory_.string(), kOwnerOnly); !made) return made.error();
  auto opened = Database::open(directory_ / (plugin + ".sqlite"));
  if (opened) by_plugin_[plugin] = *opened;
  return opened;
}

void Sql::forget(const runtime::Generation& generation) {
  std::shared_ptr<Database> last;  // closed when nobody waits for the lock
  const std::lock_guard lock(mutex_);
  const auto found = by_generation_.find(&generation);
  if (found == by_generation_.end()) return;
  last = std::move(found->second);
  by_generation_.erase(found);
}

Database* Sql::find(const runtime::Generation& generation) {
  const std::lock_guard lock(mutex_);
  const auto found = by_generation_.find(&generation);
  return found == by_generation_.end() ? nullptr : found->second.get();
}

}  // namespace mortise::sql
