// Statements of mortise.sql/1, and what comes of them, as bytes in shared memory. Both sides are one program in one
// version; what a worker has written is believed only as far as it has been looked at.
#pragma once

#include <mortise/abi/sql.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::isolation {

enum class SqlAction : std::uint32_t { run, begin, commit, roll_back, mark, go_back, forget_mark };

/// What a worker wants of its plugin's database; followed by the statement, and its parameters.
struct SqlRequest {
  SqlAction action = SqlAction::run;
  std::uint32_t flags = 0;        // of begin
  std::uint64_t transaction = 0;  // 0: none
  std::uint64_t thread = 0;       // of the worker, which asks
  std::int64_t deadline_ns = 0;   // of the steady clock; INT64_MAX: none
  std::uint32_t wants_rows = 0;
  std::uint32_t parameter_count = 0;
  std::uint64_t statement_size = 0;
};

/// What came of it; followed by the rows, each with its values.
struct SqlAnswer {
  std::int64_t changed_rows = 0;
  std::int64_t last_row_id = 0;
  std::uint64_t transaction = 0;  // that was begun
  std::uint64_t row_count = 0;
  std::uint32_t column_count = 0;
  std::uint32_t reserved = 0;
};

/// Of one request, and of all rows of one answer: both lie in the host's memory once.
inline constexpr std::size_t kMostSqlBytes = std::size_t{64} << 20U;

std::string to_bytes(SqlRequest request, std::string_view statement, std::span<const mortise_sql_value> parameters);

/// A request as it was read: whatever the bytes are, which the view points into.
struct SqlRequestView {
  /// Nothing: they are no request.
  static std::optional<SqlRequestView> read(std::string_view bytes);

  SqlRequest request{};
  std::string_view statement{};
  std::vector<mortise_sql_value> parameters{};
};

/// What a row adds to an answer.
std::size_t size_of_row(std::span<const mortise_sql_value> values) noexcept;

/// An answer in the making; how large it gets is the caller's to bound.
class SqlAnswerWriter {
 public:
  void add_row(std::span<const mortise_sql_value> values);
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  std::string finish(SqlAnswer answer);

 private:
  std::string bytes_ = std::string(sizeof(SqlAnswer), '\0');
  std::uint64_t row_count_ = 0;
  std::uint32_t column_count_ = 0;
};

/// Of a host, which is trusted: the values point into the bytes.
class SqlAnswerReader {
 public:
  explicit SqlAnswerReader(std::string_view bytes);

  [[nodiscard]] const SqlAnswer& answer() const noexcept { return answer_; }
  /// The next of row_count rows.
  std::span<const mortise_sql_value> next_row();

 private:
  std::string_view bytes_;
  SqlAnswer answer_{};
  std::vector<mortise_sql_value> row_;
};

}  // namespace mortise::isolation
