// Statements of the host's own with values in and out, for who keeps tables of its own in plugins' databases.
#pragma once

#include <mortise/abi/sql.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sql/connection.hpp"

namespace mortise::sql {

/// Values; texts and bytes are borrowed.
mortise_sql_value number(std::int64_t value) noexcept;
mortise_sql_value number(std::optional<std::int64_t> value) noexcept;
mortise_sql_value text(std::string_view value) noexcept;
mortise_sql_value blob(std::string_view value) noexcept;
/// Of a text, or of bytes; empty for NULL.
std::string to_string(const mortise_sql_value& value);

/// One thread; in a transaction, which is the caller's to end. A base of those that know one set of tables.
class OwnStatements {
 protected:
  using Row = std::span<const mortise_sql_value>;

  explicit OwnStatements(Connection& connection) noexcept : connection_(connection) {}

  /// `take` hears of each row; false: enough.
  base::Result<void> ask(std::string_view text, std::initializer_list<mortise_sql_value> parameters,
                         const std::function<bool(Row)>& take = {});
  /// The first column of the first row; 0: there is none.
  base::Result<std::int64_t> ask_number(std::string_view text,
                                        std::initializer_list<mortise_sql_value> parameters = {});
  /// By the last statement.
  [[nodiscard]] std::uint64_t changed_rows() const noexcept { return static_cast<std::uint64_t>(changed_rows_); }

 private:
  Connection& connection_;
  std::int64_t changed_rows_ = 0;
};

}  // namespace mortise::sql
