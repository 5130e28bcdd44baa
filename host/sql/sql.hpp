// mortise.sql/1: gives each plugin that asks for it a database of its own.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.hpp"
#include "base/result.hpp"
#include "manifest/manifest.hpp"
#include "runtime/offer.hpp"
#include "runtime/service.hpp"

namespace mortise::sql {

class Database;

/// Whether a plugin is to have one.
bool asks_for_database(const manifest::Manifest& manifest);

/// Outlives every generation. check_ahead(), prepare() and publish() as a service's, find() on any thread.
class Sql final : public runtime::Service {
 public:
  /// Databases are files of this directory, which is made when the first plugin needs it. Their migrations have so
  /// long.
  Sql(std::filesystem::path directory, base::Files& files, std::chrono::milliseconds time_to_migrate);
  ~Sql() override;

  /// The interface that every instance has. Any thread.
  static std::span<const runtime::Offer> offers() noexcept;

  const void* interface(std::string_view id) const noexcept override;
  /// What the database has been through may keep a version from starting.
  base::Result<void> check_ahead(const manifest::Manifest& manifest) override;
  /// Opens the database of a plugin that names the interface, or one that stands on it, or has migrations, and runs
  /// those.
  base::Result<void> prepare(runtime::Generation& generation) override;
  std::vector<Conflict> check(const runtime::GenerationSet&) override { return {}; }
  void publish(const runtime::ReleasePtr& next) override;
  void publish_canary(const runtime::ReleasePtr&, const runtime::CanaryShare&) override {}
  void cut(const runtime::Generation&) override {}
  void forget(const runtime::Generation&) override {}

  /// Null: it has asked for none. The same until its destroy has returned.
  std::shared_ptr<Database> find(const runtime::Generation& generation);

 private:
  class Entry;
  struct Used {
    std::string plugin;
    std::string version;
    std::shared_ptr<Database> database;
    bool is_to_settle = false;  // its migrations, once it is published
  };
  base::Result<std::shared_ptr<Database>> open(const std::string& plugin);
  std::vector<std::string> versions_on(const Database& database);
  bool settle(const std::string& plugin, Database& database, std::chrono::steady_clock::time_point deadline);
  std::shared_ptr<Database> find_unsettled(const std::string& plugin);
  void remove(const runtime::Generation* generation) noexcept;

  const std::filesystem::path directory_;
  base::Files& files_;
  const std::chrono::milliseconds time_to_migrate_;
  std::mutex opening_;                                        // may take seconds; before mutex_
  std::map<std::string, std::weak_ptr<Database>> by_plugin_;  // guarded by opening_
  std::mutex mutex_;
  std::map<const runtime::Generation*, Used> by_generation_;  // guarded by mutex_
  std::size_t unsettled_count_ = 0;                           // guarded by mutex_; of those with is_to_settle
  // Guarded by mutex_: plugins whose version was switched to while their database was busy. It is settled before
  // another version of them may start.
  std::set<std::string> unsettled_;
};

}  // namespace mortise::sql
