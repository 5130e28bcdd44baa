// mortise.kv/1: offers each plugin that asks for it a store in its database.
#pragma once

#include <mortise/abi/kv.h>

#include <span>
#include <string_view>
#include <vector>

#include "runtime/offer.hpp"
#include "runtime/service.hpp"

namespace mortise::kv {

/// Keeps nothing: the store is a table of the plugin's database, which sql::Sql makes and opens. Any thread.
class Kv final : public runtime::Service {
 public:
  /// In the process that has the databases.
  Kv() noexcept;
  /// `table`, of kv_table(), has its statements run elsewhere.
  explicit Kv(const mortise_kv_v1& table) noexcept : table_(table) {}

  /// What the first of these has.
  static std::span<const runtime::Offer> offers() noexcept;

  const void* interface(std::string_view id) const noexcept override;
  std::vector<Conflict> check(const runtime::GenerationSet&) override { return {}; }
  void publish(const runtime::ReleasePtr&) override {}
  void publish_canary(const runtime::ReleasePtr&, const runtime::CanaryShare&) override {}
  void cut(const runtime::Generation&) override {}
  void forget(const runtime::Generation&) override {}

 private:
  const mortise_kv_v1& table_;
};

}  // namespace mortise::kv
