#include "sql/sql_table.hpp"

#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"
#include "runtime/scope.hpp"
#include "sql/database.hpp"
#include "sql/sql.hpp"

namespace mortise::sql {
namespace {

using base::Error;
using base::ErrorCode;
using runtime::guarded;
using runtime::to_abi;

Database& from(mortise_sql_database* database) { return *reinterpret_cast<Database*>(database); }
Database::Transaction& from(mortise_sql_transaction* transaction) {
  return *reinterpret_cast<Database::Transaction*>(transaction);
}

Time deadline() {
  const auto* const scope = runtime::Scope::current();
  return scope == nullptr ? Time::max() : scope->deadline_of_own_work();
}

mortise_status open(mortise_host* host, mortise_sql_database** database, mortise_error* error) {
  const auto& generation = runtime::Generation::from(host);
  auto* const sql = dynamic_cast<Sql*>(generation.service_of(MORTISE_SQL_V1));
  if (sql == nullptr || database == nullptr) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    const auto found = sql->find(generation);
    if (found == nullptr) {
      return to_abi(Error{ErrorCode::failed_precondition, kNoDatabase}, error);
    }
    *database = reinterpret_cast<mortise_sql_database*>(found.get());  // there until the generation is gone
    return mortise_status{MORTISE_OK};
  });
}

mortise_status run(mortise_sql_database* database, mortise_sql_transaction* transaction, mortise_str statement,
                   const mortise_sql_value* parameters, std::uint32_t parameter_count, const mortise_sql_rows* rows,
                   mortise_sql_outcome* outcome, mortise_error* error) {
  if (database == nullptr || !are_whole(rows, outcome, parameters, parameter_count)) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    const Run wanted{
        .parameters = {parameters, parameter_count}, .rows = rows, .outcome = outcome, .deadline = deadline()};
    const auto text = runtime::to_view(statement);
    const auto done = transaction == nullptr ? from(database).run(text, wanted) : from(transaction).run(text, wanted);
    return done ? *done : to_abi(done.error(), error);
  });
}

mortise_status begin(mortise_sql_database* database, std::uint32_t flags, mortise_sql_transaction** transaction,
                     mortise_error* error) {
  if (database == nullptr || transaction == nullptr) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    if (const auto known = check_flags(flags); !known) return to_abi(known.error(), error);
    const bool only_reads = (flags & MORTISE_SQL_READ_ONLY) != 0;
    auto begun = from(database).begin(only_reads ? Database::Access::read : Database::Access::write, deadline());
    if (!begun) return to_abi(begun.error(), error);
    *transaction = reinterpret_cast<mortise_sql_transaction*>(begun->release());
    return mortise_status{MORTISE_OK};
  });
}

mortise_status commit(mortise_sql_transaction* transaction, mortise_error* error) {
  if (transaction == nullptr) return MORTISE_INVALID_ARGUMENT;
  if (from(transaction).is_running()) return MORTISE_FAILED_PRECONDITION;  // from within row()
  const std::unique_ptr<Database::Transaction> ended(&from(transaction));
  return guarded(error, [&] {
    const auto committed = ended->commit();
    return committed ? mortise_status{MORTISE_OK} : to_abi(committed.error(), error);
  });
}

void roll_back(mortise_sql_transaction* transaction) {
  if (transaction == nullptr || from(transaction).is_running()) return;
  const std::unique_ptr<Database::Transaction> ended(&from(transaction));
}

}  // namespace

Database::Transaction* from_abi(mortise_sql_transaction* transaction) noexcept {
  return transaction == nullptr ? nullptr : &from(transaction);
}

bool are_whole(const mortise_sql_rows* rows, const mortise_sql_outcome* outcome, const mortise_sql_value* parameters,
               std::uint32_t parameter_count) noexcept {
  return (rows == nullptr || (MORTISE_HAS(mortise_sql_rows, rows, row) && rows->row != nullptr)) &&
         (outcome == nullptr || MORTISE_HAS(mortise_sql_outcome, outcome, last_row_id)) &&
         (parameters != nullptr || parameter_count == 0);
}

base::Result<void> check_flags(std::uint32_t flags) {
  if ((flags & ~MORTISE_SQL_READ_ONLY) == 0) return {};
  return Error{ErrorCode::invalid_argument, "the host does not know these flags; use a newer one"};
}

const mortise_sql_v1& sql_table() noexcept {
  static constexpr mortise_sql_v1 kTable{.struct_size = sizeof(mortise_sql_v1),
                                         .reserved = 0,
                                         .open = &open,
                                         .run = &run,
                                         .begin = &begin,
                                         .commit = &commit,
                                         .roll_back = &roll_back};
  return kTable;
}

}  // namespace mortise::sql
