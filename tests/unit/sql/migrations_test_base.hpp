// The fixture of tests of what a plugin's migrations make of its database.
#pragma once

#include <string>
#include <vector>

#include "database_test_base.hpp"
#include "sql/migrations.hpp"

namespace mortise::sql {

inline manifest::Migration step(std::uint32_t number, std::string sql, bool is_compatible = false) {
  return {.number = number,
          .name = "step-" + std::to_string(number),
          .sql = std::move(sql),
          .is_compatible = is_compatible};
}

inline manifest::Manifest version(const std::string& text, std::vector<manifest::Migration> migrations) {
  manifest::Manifest manifest;
  manifest.name = "shop";
  manifest.version = *manifest::Version::parse(text);
  manifest.migrations = std::move(migrations);
  return manifest;
}

class MigrationsTest : public DatabaseTest {
 protected:
  void expect_done(const manifest::Manifest& manifest) {
    const auto done = migrate(*database_, manifest);
    EXPECT_TRUE(done) << done.error().message;
  }
  std::string failure(const manifest::Manifest& manifest) {
    const auto done = migrate(*database_, manifest);
    EXPECT_FALSE(done);
    return done ? "" : done.error().message;
  }
  std::vector<std::string> tables() {
    return select("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'mortise%' ORDER BY name");
  }

  const manifest::Migration one_ = step(1, "CREATE TABLE a (id INTEGER); INSERT INTO a VALUES (1);");
  const manifest::Migration two_ =
      step(2, "-- with a comment; and a semicolon\nCREATE TABLE b (id INTEGER);\nUPDATE a SET id = 2;");
};

}  // namespace mortise::sql
