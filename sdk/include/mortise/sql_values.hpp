// Between C++ values and those of mortise.sql/1. Nothing here is for plugins.
#pragma once

#include <mortise/abi/sql.h>

#include <boost/pfr/core.hpp>
#include <boost/pfr/tuple_size.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mortise/error.hpp>

namespace mortise::detail {

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

inline mortise_sql_value sql_bytes(std::uint32_t type, const void* data, std::size_t size) noexcept {
  return {type, 0, 0, 0, {static_cast<const std::uint8_t*>(data), size}};
}

/// A parameter; borrows what it points to.
template <class T>
mortise_sql_value to_sql(const T& value) {
  if constexpr (std::is_same_v<T, std::nullopt_t>) {
    return {};
  } else if constexpr (IsOptional<T>::value) {
    return value ? to_sql(*value) : mortise_sql_value{};
  } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
    if constexpr (std::is_unsigned_v<T> && sizeof(T) == sizeof(std::uint64_t)) {
      if (value > static_cast<T>(std::numeric_limits<std::int64_t>::max())) {
        throw Error(Status::out_of_range, "a number of a database is at most 2^63 - 1");
      }
    }
    return {MORTISE_SQL_INTEGER, 0, static_cast<std::int64_t>(value), 0, {nullptr, 0}};
  } else if constexpr (std::is_floating_point_v<T>) {
    return {MORTISE_SQL_REAL, 0, 0, static_cast<double>(value), {nullptr, 0}};
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    const std::string_view text = value;
    return sql_bytes(MORTISE_SQL_TEXT, text.data(), text.size());
  } else {
    static_assert(std::is_convertible_v<const T&, std::span<const std::byte>>,
                  "a parameter is a number, bool, text, bytes, std::nullopt, or an optional of these");
    const std::span<const std::byte> bytes = value;
    return sql_bytes(MORTISE_SQL_BLOB, bytes.data(), bytes.size());
  }
}

[[noreturn]] inline void refuse_column(std::size_t number, const char* wanted) {
  throw Error(Status::invalid_argument, "column " + std::to_string(number + 1) + " of the row is no " + wanted +
                                            "; it may be NULL, or too large");
}

/// One column of a row as a T; a copy.
template <class T>
T from_sql(const mortise_sql_value& value, std::size_t number) {
  if constexpr (IsOptional<T>::value) {
    if (value.type == MORTISE_SQL_NULL) return std::nullopt;
    return from_sql<typename T::value_type>(value, number);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (value.type != MORTISE_SQL_INTEGER) refuse_column(number, "bool");
    return value.integer != 0;
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<T>(from_sql<std::underlying_type_t<T>>(value, number));
  } else if constexpr (std::is_integral_v<T>) {
    if (value.type != MORTISE_SQL_INTEGER || !std::in_range<T>(value.integer)) refuse_column(number, "such number");
    return static_cast<T>(value.integer);
  } else if constexpr (std::is_floating_point_v<T>) {
    if (value.type == MORTISE_SQL_INTEGER) return static_cast<T>(value.integer);
    if (value.type != MORTISE_SQL_REAL) refuse_column(number, "number");
    return static_cast<T>(value.real);
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (value.type != MORTISE_SQL_TEXT) refuse_column(number, "text");
    return {reinterpret_cast<const char*>(value.bytes.data), static_cast<std::size_t>(value.bytes.size)};
  } else {
    static_assert(std::is_same_v<T, std::vector<std::byte>>,
                  "a column is a number, bool, std::string, std::vector<std::byte>, or an optional of these");
    if (value.type != MORTISE_SQL_BLOB) refuse_column(number, "bytes");
    const auto* const data = reinterpret_cast<const std::byte*>(value.bytes.data);
    return {data, data + value.bytes.size};
  }
}

template <class T>
concept SqlColumn = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::same_as<T, std::string> ||
    std::same_as<T, std::vector<std::byte>> || IsOptional<T>::value;

template <class Row>
Row to_row(std::span<const mortise_sql_value> values) {
  const auto check_count = [&](std::size_t members) {
    if (values.size() == members) return;
    throw Error(Status::invalid_argument, "the statement has " + std::to_string(values.size()) +
                                              " columns, and what its rows go to has " + std::to_string(members));
  };
  if constexpr (SqlColumn<Row>) {
    check_count(1);
    return from_sql<Row>(values[0], 0);
  } else {
    check_count(boost::pfr::tuple_size_v<Row>);
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return Row{from_sql<boost::pfr::tuple_element_t<I, Row>>(values[I], I)...};
    }
    (std::make_index_sequence<boost::pfr::tuple_size_v<Row>>());
  }
}

/// Takes rows from the host; keeps what a use of one has thrown until the statement has ended.
template <class Row, class Use>
class RowSink {
 public:
  explicit RowSink(Use& use) noexcept : use_(use) {}

  mortise_sql_rows table() noexcept { return {sizeof(mortise_sql_rows), 0, this, &take}; }
  /// That, if there is any.
  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  static mortise_status take(void* self, const mortise_sql_value* values, std::uint32_t count) {
    auto& sink = *static_cast<RowSink*>(self);
    try {
      sink.use_(to_row<Row>({values, count}));
      return MORTISE_OK;
    } catch (...) {
      sink.thrown_ = std::current_exception();
      return MORTISE_ABORTED;
    }
  }

  Use& use_;
  std::exception_ptr thrown_;
};

}  // namespace mortise::detail
