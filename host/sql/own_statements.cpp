#include "sql/own_statements.hpp"

#include <cstddef>

namespace mortise::sql {
namespace {

mortise_sql_value bytes_of(std::uint32_t type, std::string_view value) noexcept {
  return {type, 0, 0, 0, {reinterpret_cast<const std::uint8_t*>(value.data()), value.size()}};
}

}  // namespace

mortise_sql_value number(std::int64_t value) noexcept { return {MORTISE_SQL_INTEGER, 0, value, 0, {nullptr, 0}}; }
mortise_sql_value number(std::optional<std::int64_t> value) noexcept {
  return value ? number(*value) : mortise_sql_value{MORTISE_SQL_NULL, 0, 0, 0, {nullptr, 0}};
}
mortise_sql_value text(std::string_view value) noexcept { return bytes_of(MORTISE_SQL_TEXT, value); }
mortise_sql_value blob(std::string_view value) noexcept { return bytes_of(MORTISE_SQL_BLOB, value); }

std::string to_string(const mortise_sql_value& value) {
  return {reinterpret_cast<const char*>(value.bytes.data), static_cast<std::size_t>(value.bytes.size)};
}

base::Result<void> OwnStatements::ask(std::string_view text, std::initializer_list<mortise_sql_value> parameters,
                                      const std::function<bool(Row)>& take) {
  struct Taker {
    static mortise_status row(void* self, const mortise_sql_value* values, std::uint32_t count) {
      return (*static_cast<const std::function<bool(Row)>*>(self))({values, count}) ? MORTISE_OK : MORTISE_CANCELLED;
    }
  };
  const mortise_sql_rows rows{sizeof rows, 0, const_cast<std::function<bool(Row)>*>(&take), &Taker::row};
  mortise_sql_outcome outcome{sizeof outcome, 0, 0, 0};
  const auto done = connection_.run_own(
      text,
      {.parameters = {parameters.begin(), parameters.size()}, .rows = take ? &rows : nullptr, .outcome = &outcome});
  if (!done) return done.error();
  changed_rows_ = outcome.changed_rows;
  return {};
}

base::Result<std::int64_t> OwnStatements::ask_number(std::string_view text,
                                                     std::initializer_list<mortise_sql_value> parameters) {
  std::int64_t found = 0;
  const auto asked = ask(text, parameters, [&](Row row) {
    found = row[0].integer;
    return false;
  });
  if (!asked) return asked.error();
  return found;
}

}  // namespace mortise::sql
