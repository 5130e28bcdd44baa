#include "isolation/remote_sql.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <utility>

#include "isolation/steady_ns.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"
#include "runtime/scope.hpp"
#include "sql/sql.hpp"
#include "sql/sql_table.hpp"

namespace mortise::isolation {
namespace {

using base::Error;
using base::ErrorCode;
using runtime::guarded;
using runtime::to_abi;

/// What a plugin holds of a transaction.
struct RemoteTransaction {
  RemoteSql& sql;
  std::uint64_t number;
  bool hands_out_rows = false;  // its thread's
};

RemoteSql& from(mortise_sql_database* database) { return *reinterpret_cast<RemoteSql*>(database); }
RemoteTransaction& from(mortise_sql_transaction* transaction) {
  return *reinterpret_cast<RemoteTransaction*>(transaction);
}

/// By which the host knows who waits for itself.
std::uint64_t this_thread() {
  static std::atomic<std::uint64_t> last{0};  // a count that orders nothing: relaxed
  thread_local const std::uint64_t number = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return number;
}

std::int64_t deadline_ns() {
  const auto* const scope = runtime::Scope::current();
  return to_ns(scope == nullptr ? runtime::Scope::Time::max() : scope->deadline());
}

/// Only one that says so both writes and has rows. True, too, of some that merely have the word in them.
bool may_write_and_return(std::string_view statement) {
  constexpr std::string_view kWord = "returning";
  const auto is_same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  return std::search(statement.begin(), statement.end(), kWord.begin(), kWord.end(), is_same) != statement.end();
}

mortise_status open(mortise_host* host, mortise_sql_database** database, mortise_error* error) {
  const auto& generation = runtime::Generation::from(host);
  auto* const sql = dynamic_cast<RemoteSql*>(generation.service_of(MORTISE_SQL_V1));
  if (sql == nullptr || database == nullptr) return MORTISE_INVALID_ARGUMENT;
  if (!sql::asks_for_database(*generation.spec().manifest)) {
    return to_abi(Error{ErrorCode::failed_precondition, sql::kNoDatabase}, error);
  }
  *database = reinterpret_cast<mortise_sql_database*>(sql);
  return MORTISE_OK;
}

mortise_status run(mortise_sql_database* database, mortise_sql_transaction* transaction, mortise_str statement,
                   const mortise_sql_value* parameters, std::uint32_t parameter_count, const mortise_sql_rows* rows,
                   mortise_sql_outcome* outcome, mortise_error* error) {
  if (database == nullptr || !sql::are_whole(rows, outcome, parameters, parameter_count)) {
    return MORTISE_INVALID_ARGUMENT;
  }
  return guarded(error, [&] {
    auto* const within = transaction == nullptr ? nullptr : &from(transaction);
    if (within != nullptr && std::exchange(within->hands_out_rows, true)) {
      return to_abi(Error{ErrorCode::failed_precondition, sql::kStillRunning}, error);
    }
    const auto ran = from(database).run(within == nullptr ? 0 : within->number, runtime::to_view(statement),
                                        {parameters, parameter_count}, rows, outcome);
    if (within != nullptr) within->hands_out_rows = false;
    return ran ? *ran : to_abi(ran.error(), error);
  });
}

mortise_status begin(mortise_sql_database* database, std::uint32_t flags, mortise_sql_transaction** transaction,
                     mortise_error* error) {
  if (database == nullptr || transaction == nullptr) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    if (const auto known = sql::check_flags(flags); !known) return to_abi(known.error(), error);
    auto& sql = from(database);
    auto made = std::make_unique<RemoteTransaction>(RemoteTransaction{.sql = sql, .number = 0});
    const auto begun = sql.begin(flags);
    if (!begun) return to_abi(begun.error(), error);
    made->number = *begun;
    *transaction = reinterpret_cast<mortise_sql_transaction*>(made.release());
    return mortise_status{MORTISE_OK};
  });
}

mortise_status commit(mortise_sql_transaction* transaction, mortise_error* error) {
  if (transaction == nullptr) return MORTISE_INVALID_ARGUMENT;
  if (from(transaction).hands_out_rows) return MORTISE_FAILED_PRECONDITION;  // from within row()
  const std::unique_ptr<RemoteTransaction> ended(&from(transaction));
  return guarded(error, [&] {
    const auto committed = ended->sql.end(SqlAction::commit, ended->number);
    return committed ? mortise_status{MORTISE_OK} : to_abi(committed.error(), error);
  });
}

void roll_back(mortise_sql_transaction* transaction) {
  if (transaction == nullptr || from(transaction).hands_out_rows) return;
  const std::unique_ptr<RemoteTransaction> ended(&from(transaction));
  guarded(nullptr, [&] {
    static_cast<void>(ended->sql.end(SqlAction::roll_back, ended->number));
    return MORTISE_OK;
  });
}

constexpr mortise_sql_v1 kTable{.struct_size = sizeof(mortise_sql_v1),
                                .reserved = 0,
                                .open = &open,
                                .run = &run,
                                .begin = &begin,
                                .commit = &commit,
                                .roll_back = &roll_back};

}  // namespace

const void* RemoteSql::interface(std::string_view id) const noexcept {
  return id == MORTISE_SQL_V1 ? &kTable : nullptr;
}

base::Result<mortise_status> RemoteSql::ask(const SqlRequest& request, std::string_view statement,
                                            std::span<const mortise_sql_value> parameters, const Use& use) {
  const auto bytes = to_bytes(request, statement, parameters);
  const auto place = places_.take();
  if (!place) {
    return Error{ErrorCode::resource_exhausted, "the plugin asks for too much of others at this moment"};
  }
  auto outcome = ask_at(*place, bytes, use);
  places_.give_back(*place);
  return outcome;
}

base::Result<mortise_status> RemoteSql::ask_at(std::uint32_t number, const std::string& bytes, const Use& use) {
  auto& place = places_.memory(number);
  auto* const block = bytes.size() > place.direct.size() ? link_.heap().allocate(bytes.size()) : nullptr;
  auto* const to = block == nullptr ? place.direct.data() : block;
  if (bytes.size() > place.direct.size() && block == nullptr) {
    return Error{ErrorCode::resource_exhausted, "the memory that host and worker share has no room for the statement"};
  }
  std::memcpy(to, bytes.data(), bytes.size());
  places_.ask(number, {.request = {.offset = link_.area().offset_of(to), .size = bytes.size()}});
  Completion completion;
  completion.kind = Completion::Kind::database;
  completion.argument = number;
  link_.complete(completion, true);
  const auto outcome = places_.wait(number);
  if (block != nullptr) link_.heap().free(block);
  const std::string_view said(reinterpret_cast<const char*>(link_.area().at(outcome.payload.offset)),
                              outcome.payload.size);
  base::Result<mortise_status> result = mortise_status{MORTISE_OK};
  if (outcome.status == MORTISE_OK) {
    result = use(SqlAnswerReader(said));
  } else {
    result = Error{runtime::to_code(outcome.status), std::string(said)};
  }
  places_.done_with(number, outcome);
  return result;
}

base::Result<mortise_status> RemoteSql::run_once(std::uint64_t transaction, std::string_view statement,
                                                 std::span<const mortise_sql_value> parameters,
                                                 const mortise_sql_rows* rows, mortise_sql_outcome* outcome) {
  const SqlRequest request{.action = SqlAction::run,
                           .transaction = transaction,
                           .thread = this_thread(),
                           .deadline_ns = deadline_ns(),
                           .wants_rows = rows == nullptr ? 0U : 1U};
  return ask(request, statement, parameters, [&](SqlAnswerReader answer) -> mortise_status {
    const auto& said = answer.answer();
    for (std::uint64_t i = 0; rows != nullptr && i < said.row_count; ++i) {
      const auto row = answer.next_row();
      const auto status = rows->row(rows->self, row.data(), static_cast<std::uint32_t>(row.size()));
      if (status != MORTISE_OK) return status;
    }
    if (outcome != nullptr) {
      outcome->changed_rows = said.changed_rows;
      outcome->last_row_id = said.last_row_id;
    }
    return MORTISE_OK;
  });
}

/// Rows come when the statement has done all of its writing: until the plugin has taken them, it must not count.
base::Result<mortise_status> RemoteSql::run(std::uint64_t transaction, std::string_view statement,
                                            std::span<const mortise_sql_value> parameters, const mortise_sql_rows* rows,
                                            mortise_sql_outcome* outcome) {
  if (rows == nullptr || !may_write_and_return(statement)) {
    return run_once(transaction, statement, parameters, rows, outcome);
  }
  const bool is_alone = transaction == 0;
  if (is_alone) {
    const auto begun = begin(0);
    if (!begun) return begun.error();
    transaction = *begun;
  } else if (const auto marked = act(SqlAction::mark, transaction); !marked) {
    return marked.error();
  }
  auto ran = run_once(transaction, statement, parameters, rows, outcome);
  const bool is_done = ran && *ran == MORTISE_OK;
  if (is_alone) {
    const auto ended = end(is_done ? SqlAction::commit : SqlAction::roll_back, transaction);
    return ended || !is_done ? ran : base::Result<mortise_status>(ended.error());
  }
  const auto undone = is_done ? base::Result<void>() : act(SqlAction::go_back, transaction);
  const auto forgotten = act(SqlAction::forget_mark, transaction);
  if (is_done && !forgotten) return forgotten.error();
  // Where it cannot be undone, the whole of the transaction is lost already.
  return ran;
}

base::Result<std::uint64_t> RemoteSql::begin(std::uint32_t flags) {
  const SqlRequest request{
      .action = SqlAction::begin, .flags = flags, .thread = this_thread(), .deadline_ns = deadline_ns()};
  std::uint64_t number = 0;
  const auto begun = ask(request, {}, {}, [&number](const SqlAnswerReader& answer) -> mortise_status {
    number = answer.answer().transaction;
    return MORTISE_OK;
  });
  if (!begun) return begun.error();
  return number;
}

base::Result<void> RemoteSql::act(SqlAction action, std::uint64_t transaction) {
  const SqlRequest request{
      .action = action, .transaction = transaction, .thread = this_thread(), .deadline_ns = deadline_ns()};
  const auto done = ask(request, {}, {}, [](const SqlAnswerReader&) -> mortise_status { return MORTISE_OK; });
  return done ? base::Result<void>() : base::Result<void>(done.error());
}

base::Result<void> RemoteSql::end(SqlAction action, std::uint64_t transaction) { return act(action, transaction); }

}  // namespace mortise::isolation
