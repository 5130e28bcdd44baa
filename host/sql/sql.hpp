// mortise.sql/1: gives each plugin that asks for it a database of its own.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "base/files.hpp"
#include "base/result.hpp"
#include "runtime/offer.hpp"
#include "runtime/service.hpp"

namespace mortise::sql {

class Database;

/// Outlives every generation. prepare() and forget() on the control thread, find() on any.
class Sql final : public runtime::Service {
 public:
  /// Databases are files of this directory, which is made when the first plugin needs it.
  Sql(std::filesystem::path directory, base::Files& files);
  ~Sql() override;

  /// The interface that every instance has. Any thread.
  static std::span<const runtime::Offer> offers() noexcept;

  const void* interface(std::string_view id) const noexcept override;
  /// Opens the database of a plugin that names the interface, or has migrations, and runs those.
  base::Result<void> prepare(const runtime::Generation& generation) override;
  std::vector<Conflict> check(const runtime::GenerationSet&) override { return {}; }
  void publish(const runtime::ReleasePtr&) override {}
  void publish_canary(const runtime::ReleasePtr&, const runtime::CanaryShare&) override {}
  void cut(const runtime::Generation&) override {}
  void forget(const runtime::Generation& generation) override;

  /// Null: it has asked for none.
  Database* find(const runtime::Generation& generation);

 private:
  base::Result<std::shared_ptr<Database>> open(const std::string& plugin);

  const std::filesystem::path directory_;
  base::Files& files_;
  std::mutex opening_;                                        // may take seconds; before mutex_
  std::map<std::string, std::weak_ptr<Database>> by_plugin_;  // guarded by opening_
  std::mutex mutex_;
  std::map<const runtime::Generation*, std::shared_ptr<Database>> by_generation_;  // guarded by mutex_
};

}  // namespace mortise::sql
