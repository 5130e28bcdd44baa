// The fixture of tests of one plugin's store, over a database in a file, as the C++ layer shows it.
#pragma once

#include <memory>
#include <mortise/kv.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "kv/kv_table.hpp"
#include "sql/database_test_base.hpp"
#include "sql/migrations.hpp"
#include "sql/sql_table.hpp"

namespace mortise::kv {

/// Of a plugin that has asked for no more than a store.
inline manifest::Manifest manifest_of_store() {
  manifest::Manifest manifest;
  manifest.name = "shop";
  manifest.interfaces = {MORTISE_KV_V1};
  return manifest;
}

class KvTest : public sql::DatabaseTest {
 protected:
  KvTest() {
    const auto made = sql::migrate(*database_, manifest_of_store());
    if (!made) throw std::runtime_error(made.error().message);
  }

  [[nodiscard]] mortise_kv_store* handle() const { return reinterpret_cast<mortise_kv_store*>(database_.get()); }
  [[nodiscard]] mortise::Kv kv() const { return {table_, handle()}; }
  [[nodiscard]] Sql sql() const { return {sql::sql_table(), reinterpret_cast<mortise_sql_database*>(database_.get())}; }
  /// The keys of what a scan finds.
  [[nodiscard]] std::vector<std::string> keys(std::string_view prefix, std::uint32_t limit = 1000,
                                              std::string_view after = {}) const {
    std::vector<std::string> found;
    for (auto& entry : kv().scan(prefix, limit, after)) found.push_back(std::move(entry.key));
    return found;
  }
  void expire(std::string_view key) const {
    const auto bytes = std::as_bytes(std::span(key.data(), key.size()));
    ASSERT_EQ(sql().execute("UPDATE mortise_kv SET expires_at = 1 WHERE key = ?", bytes), 1);
  }
  /// How many rows there are, also of what is not there any more.
  [[nodiscard]] std::int64_t row_count() const {
    return sql().select_one<std::int64_t>("SELECT count(*) FROM mortise_kv").value_or(-1);
  }
  /// With which status something is refused.
  template <class Call>
  static Status refusal_of(const Call& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.status();
    }
    ADD_FAILURE() << "it is not refused";
    return Status::unknown;
  }

  const mortise_kv_v1& table_ = kv_table<&sql::sql_table>();
};

}  // namespace mortise::kv
