// The plugin's database: SQLite behind the host, with rows as typed values.
//
//   struct Note { std::int64_t id; std::string title; };
//   mortise::Sql sql = ctx.sql();
//   auto notes = sql.select<Note>("SELECT id, title FROM notes WHERE id > ? LIMIT ?", after, 20);
//
//   sql.transaction([&](mortise::SqlTransaction& tx) {
//     tx.execute("UPDATE accounts SET amount = amount - ? WHERE id = ?", amount, from);
//     tx.execute("UPDATE accounts SET amount = amount + ? WHERE id = ?", amount, to);
//   });
#pragma once

#include <mortise/abi/sql.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mortise/error.hpp>
#include <mortise/interface.hpp>
#include <mortise/sql_values.hpp>
#include <mortise/text.hpp>

namespace mortise {

/// The text of a statement: a literal, so that nothing which comes from outside can get into it. since 1.1
class SqlText {
 public:
  template <std::size_t Size>
  consteval SqlText(const char (&literal)[Size]) : text_(literal, Size - 1) {}
  [[nodiscard]] constexpr std::string_view view() const noexcept { return text_; }

 private:
  std::string_view text_;
};

/// What a database and a transaction have in common. A parameter "?" takes a number, bool, text, std::nullopt, bytes (a
/// span of std::byte), or an optional of these. All throw mortise::Error; a statement that fails has changed nothing.
/// since 1.1 [any-thread]
class SqlCalls {
 public:
  SqlCalls& operator=(const SqlCalls&) = delete;

  /// Returns how many rows it has inserted, updated or deleted.
  template <class... Parameters>
  std::int64_t execute(SqlText statement, const Parameters&... parameters) {
    return run(statement, nullptr, parameters...).changed_rows;
  }
  /// Returns the id of the row that it has inserted; 0 where it has inserted none (`ON CONFLICT DO NOTHING`).
  template <class... Parameters>
  std::int64_t insert(SqlText statement, const Parameters&... parameters) {
    return run(statement, nullptr, parameters...).last_row_id;
  }
  /// All rows, each as a `Row`: an aggregate with a member for each column, or a value where there is one column. Texts
  /// and bytes are copied into std::string and std::vector<std::byte>; a column that may be NULL wants a std::optional.
  template <class Row, class... Parameters>
  [[nodiscard]] std::vector<Row> select(SqlText statement, const Parameters&... parameters) {
    std::vector<Row> rows;
    each<Row>(
        statement, [&rows](Row&& row) { rows.push_back(std::move(row)); }, parameters...);
    return rows;
  }
  /// The first row, if there is one. Reads the others, too: say `LIMIT 1`.
  template <class Row, class... Parameters>
  [[nodiscard]] std::optional<Row> select_one(SqlText statement, const Parameters&... parameters) {
    std::optional<Row> first;
    each<Row>(
        statement,
        [&first](Row&& row) {
          if (!first) first.emplace(std::move(row));
        },
        parameters...);
    return first;
  }
  /// Hands one row after the other to `use`, without keeping them; that must not use the database. What it throws ends
  /// the statement.
  template <class Row, class Use, class... Parameters>
  void each(SqlText statement, Use&& use, const Parameters&... parameters) {
    detail::RowSink<Row, std::remove_reference_t<Use>> sink(use);
    const auto rows = sink.table();
    try {
      run(statement, &rows, parameters...);
    } catch (const Error&) {
      sink.rethrow();
      throw;
    }
  }

 protected:
  SqlCalls(const SqlCalls&) = default;
  SqlCalls(const mortise_sql_v1& table, mortise_sql_database* database, mortise_sql_transaction* transaction) noexcept
      : table_(table), database_(database), transaction_(transaction) {}
  ~SqlCalls() = default;

  template <class... Parameters>
  mortise_sql_outcome run(SqlText statement, const mortise_sql_rows* rows, const Parameters&... parameters) {
    const std::array<mortise_sql_value, sizeof...(Parameters)> values{detail::to_sql(parameters)...};
    mortise_sql_outcome outcome{sizeof(mortise_sql_outcome), 0, 0, 0};
    detail::Message message;
    detail::check(table_.run(database_, transaction_, detail::borrow(statement.view()), values.data(),
                             static_cast<std::uint32_t>(values.size()), rows, &outcome, message.out()),
                  message);
    return outcome;
  }

  const mortise_sql_v1& table_;
  mortise_sql_database* database_;
  mortise_sql_transaction* transaction_;  // null: none
};

/// Statements that others see all or not at all; see Sql::transaction(). since 1.1
class SqlTransaction : public SqlCalls {
 public:
  SqlTransaction(const SqlTransaction&) = delete;
  SqlTransaction& operator=(const SqlTransaction&) = delete;

  /// For what else is to be a part of it, such as Kv::in() and Publisher::publish(). Valid as long as this.
  [[nodiscard]] mortise_sql_transaction* handle() const noexcept { return transaction_; }

 private:
  friend class Sql;
  SqlTransaction(const mortise_sql_v1& table, mortise_sql_database* database,
                 mortise_sql_transaction* transaction) noexcept
      : SqlCalls(table, database, transaction) {}
  ~SqlTransaction() {
    if (transaction_ != nullptr) table_.roll_back(transaction_);
  }
  void commit() {
    detail::Message message;
    detail::check(table_.commit(std::exchange(transaction_, nullptr), message.out()), message);
  }
};

/// The database: Context::sql(). A value; copies stand for the same. since 1.1
class Sql : public SqlCalls {
 public:
  /// For Context.
  Sql(const mortise_sql_v1& table, mortise_sql_database* database) noexcept : SqlCalls(table, database, nullptr) {}

  /// Has `body` run its statements on a SqlTransaction&, on this thread, and commits; rolls back what it throws
  /// through. Others wait to write until it returns: no calls to others in it. Returns what `body` does.
  template <class Body>
  auto transaction(Body&& body) {
    return in_transaction(0, std::forward<Body>(body));
  }
  /// The same for reading only, all of it from the database as it is at the first statement. Others may write.
  template <class Body>
  auto snapshot(Body&& body) {
    return in_transaction(MORTISE_SQL_READ_ONLY, std::forward<Body>(body));
  }

 private:
  template <class Body>
  auto in_transaction(std::uint32_t flags, Body&& body) {
    mortise_sql_transaction* begun = nullptr;
    detail::Message message;
    detail::check(table_.begin(database_, flags, &begun, message.out()), message);
    SqlTransaction transaction(table_, database_, begun);
    if constexpr (std::is_void_v<std::invoke_result_t<Body, SqlTransaction&>>) {
      body(transaction);
      transaction.commit();
    } else {
      auto result = body(transaction);
      transaction.commit();
      return result;
    }
  }
};

namespace detail {

/// The plugin's; throws where it has none.
inline Sql open_sql(const mortise_host_v1& host) {
  const auto* const table = find_interface<mortise_sql_v1>(host, MORTISE_SQL_V1);
  mortise_sql_database* database = nullptr;
  Message message;
  check(table->open(host.host, &database, message.out()), message);
  return {*table, database};
}

}  // namespace detail
}  // namespace mortise
