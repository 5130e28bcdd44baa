// The fixture of tests of one plugin's database.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/temporary_directory.hpp"
#include "sql/database.hpp"

namespace mortise::sql {

inline mortise_sql_value integer(std::int64_t value) { return {MORTISE_SQL_INTEGER, 0, value, 0, {nullptr, 0}}; }
inline mortise_sql_value text(std::string_view value) {
  return {MORTISE_SQL_TEXT, 0, 0, 0, {reinterpret_cast<const std::uint8_t*>(value.data()), value.size()}};
}

/// Rows as text, columns with '|' between them.
class Rows {
 public:
  [[nodiscard]] const mortise_sql_rows* table() const noexcept { return &table_; }
  [[nodiscard]] const std::vector<std::string>& all() const noexcept { return all_; }
  /// What the row of this number gets as an answer.
  void refuse(std::size_t number, mortise_status status) {
    refused_ = number;
    status_ = status;
  }

 private:
  static mortise_status take(void* self, const mortise_sql_value* values, std::uint32_t count) {
    auto& rows = *static_cast<Rows*>(self);
    std::string row;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (i > 0) row += '|';
      const auto& value = values[i];
      if (value.type == MORTISE_SQL_INTEGER) row += std::to_string(value.integer);
      if (value.type == MORTISE_SQL_REAL) row += std::to_string(value.real);
      row.append(reinterpret_cast<const char*>(value.bytes.data), static_cast<std::size_t>(value.bytes.size));
    }
    rows.all_.push_back(row);
    return rows.all_.size() == rows.refused_ ? rows.status_ : MORTISE_OK;
  }

  mortise_sql_rows table_{sizeof(mortise_sql_rows), 0, this, &take};
  std::vector<std::string> all_;
  std::size_t refused_ = 0;
  mortise_status status_ = MORTISE_OK;
};

class DatabaseTest : public ::testing::Test {
 protected:
  /// With a table `item (id, name UNIQUE, amount)`, as a migration would have made it.
  DatabaseTest() {
    auto opened = Database::open(file());
    if (!opened) throw std::runtime_error(opened.error().message);
    database_ = *opened;
    auto transaction = *database_->begin(Database::Access::write, Time::max());
    const auto made = transaction->connection().run_script(
        "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE, amount INTEGER CHECK (amount >= 0))",
        Author::migration);
    if (!made || !transaction->commit()) throw std::runtime_error("no table");
  }

  [[nodiscard]] std::filesystem::path file() const { return directory_.path() / "one.sqlite"; }

  /// Runs a statement of the plugin's.
  base::Result<mortise_status> run(std::string_view statement, const std::vector<mortise_sql_value>& parameters = {},
                                   const Rows* rows = nullptr, Time deadline = Time::max()) {
    return database_->run(statement, {.parameters = parameters,
                                      .rows = rows == nullptr ? nullptr : rows->table(),
                                      .outcome = &outcome_,
                                      .deadline = deadline});
  }
  void add(const std::string& name, std::int64_t amount) {
    const auto added = run("INSERT INTO item (name, amount) VALUES (?, ?)", {text(name), integer(amount)});
    ASSERT_TRUE(added) << added.error().message;
  }
  std::vector<std::string> select(std::string_view statement, const std::vector<mortise_sql_value>& parameters = {}) {
    Rows rows;
    const auto found = run(statement, parameters, &rows);
    EXPECT_TRUE(found) << found.error().message;
    return rows.all();
  }
  /// The code with which a statement is refused.
  base::ErrorCode refusal(std::string_view statement, const std::vector<mortise_sql_value>& parameters = {}) {
    const auto refused = run(statement, parameters);
    EXPECT_FALSE(refused) << statement;
    return refused ? base::ErrorCode::unknown : refused.error().code;
  }

  const testing::TemporaryDirectory directory_;
  std::shared_ptr<Database> database_;
  mortise_sql_outcome outcome_{sizeof(mortise_sql_outcome), 0, 0, 0};
};

}  // namespace mortise::sql
