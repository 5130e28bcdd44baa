#include "isolation/sql_form.hpp"

#include <bit>
#include <cstring>

namespace mortise::isolation {
namespace {

/// Of one value, before its bytes.
struct ValueHead {
  std::uint32_t type = 0;
  std::uint32_t reserved = 0;
  std::uint64_t number = 0;  // an integer, a real's bits, or how many bytes follow
};

constexpr std::uint32_t kMostParameters = 1U << 16U;  // SQLite takes half of that

bool has_bytes(std::uint32_t type) { return type == MORTISE_SQL_TEXT || type == MORTISE_SQL_BLOB; }

template <class Head>
std::string_view to_view(const Head& head) {
  return {reinterpret_cast<const char*>(&head), sizeof head};
}

template <class Head>
bool take(std::string_view& bytes, Head& head) {
  if (bytes.size() < sizeof head) return false;
  std::memcpy(&head, bytes.data(), sizeof head);
  bytes.remove_prefix(sizeof head);
  return true;
}

void append(std::string& bytes, const mortise_sql_value& value) {
  ValueHead head{.type = value.type};
  if (value.type == MORTISE_SQL_INTEGER) head.number = static_cast<std::uint64_t>(value.integer);
  if (value.type == MORTISE_SQL_REAL) head.number = std::bit_cast<std::uint64_t>(value.real);
  if (has_bytes(value.type)) head.number = value.bytes.size;
  bytes.append(to_view(head));
  if (has_bytes(value.type) && head.number > 0) {
    bytes.append(reinterpret_cast<const char*>(value.bytes.data), static_cast<std::size_t>(head.number));
  }
}

/// False: there is none.
bool take_value(std::string_view& bytes, mortise_sql_value& value) {
  ValueHead head;
  if (!take(bytes, head)) return false;
  value = {head.type, 0, 0, 0, {nullptr, 0}};
  if (head.type == MORTISE_SQL_INTEGER) value.integer = static_cast<std::int64_t>(head.number);
  if (head.type == MORTISE_SQL_REAL) value.real = std::bit_cast<double>(head.number);
  if (!has_bytes(head.type)) return true;
  if (head.number > bytes.size()) return false;
  value.bytes = {reinterpret_cast<const std::uint8_t*>(bytes.data()), head.number};
  bytes.remove_prefix(static_cast<std::size_t>(head.number));
  return true;
}

}  // namespace

std::string to_bytes(SqlRequest request, std::string_view statement, std::span<const mortise_sql_value> parameters) {
  request.parameter_count = static_cast<std::uint32_t>(parameters.size());
  request.statement_size = statement.size();
  std::string bytes(to_view(request));
  bytes.append(statement);
  for (const auto& parameter : parameters) append(bytes, parameter);
  return bytes;
}

std::optional<SqlRequestView> SqlRequestView::read(std::string_view bytes) {
  SqlRequestView view;
  auto& request = view.request;
  if (!take(bytes, request) || request.action > SqlAction::forget_mark) return std::nullopt;
  if (request.statement_size > bytes.size()) return std::nullopt;
  view.statement = bytes.substr(0, static_cast<std::size_t>(request.statement_size));
  bytes.remove_prefix(view.statement.size());
  // Each has a head: a count beyond that is none, and nothing is reserved for it.
  if (request.parameter_count > kMostParameters || request.parameter_count > bytes.size() / sizeof(ValueHead)) {
    return std::nullopt;
  }
  view.parameters.resize(request.parameter_count);
  for (auto& parameter : view.parameters) {
    if (!take_value(bytes, parameter)) return std::nullopt;
  }
  return view;
}

std::size_t size_of_row(std::span<const mortise_sql_value> values) noexcept {
  std::size_t size = values.size() * sizeof(ValueHead);
  for (const auto& value : values) {
    if (has_bytes(value.type)) size += static_cast<std::size_t>(value.bytes.size);
  }
  return size;
}

void SqlAnswerWriter::add_row(std::span<const mortise_sql_value> values) {
  column_count_ = static_cast<std::uint32_t>(values.size());
  for (const auto& value : values) append(bytes_, value);
  ++row_count_;
}

std::string SqlAnswerWriter::finish(SqlAnswer answer) {
  answer.row_count = row_count_;
  answer.column_count = column_count_;
  std::memcpy(bytes_.data(), &answer, sizeof answer);
  return std::move(bytes_);
}

SqlAnswerReader::SqlAnswerReader(std::string_view bytes) : bytes_(bytes) {
  take(bytes_, answer_);
  row_.resize(answer_.column_count);
}

std::span<const mortise_sql_value> SqlAnswerReader::next_row() {
  for (auto& value : row_) take_value(bytes_, value);
  return row_;
}

}  // namespace mortise::isolation
