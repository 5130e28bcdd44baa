#include "isolation/remote_sql.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <optional>

#include "isolation/steady_ns.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"
#include "runtime/scope.hpp"
#include "sql/connection.hpp"
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
std::uint64_t this_thread() { return sql::Caller::this_thread().thread; }

std::int64_t deadline_ns() {
  const auto* const scope = runtime::Scope::current();
  return to_ns(scope == nullptr ? runtime::Scope::Time::max() : scope->deadline_of_own_work());
}

bool is_same(char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; }

/// Only one that says so both writes and has rows. True, too, of some that merely have the word in them.
bool may_write_and_return(std::string_view statement) {
  constexpr std::string_view kWord = "returning";
  constexpr std::string_view kReads = "select";
  const auto begin = std::min(statement.find_first_not_of(" \t\r\n"), statement.size());
  const auto first = statement.substr(begin, kReads.size());
  if (std::equal(first.begin(), first.end(), kReads.begin(), kReads.end(), is_same)) return false;
  return std::search(statement.begin(), statement.end(), kWord.begin(), kWord.end(), is_same) != statement.end();
}

bool are_sound(std::span<const mortise_sql_value> parameters) {
  constexpr std::size_t kMost = 32766;  // in one statement of SQLite's
  return parameters.size() <= kMost &&
         std::all_of(parameters.begin(), parameters.end(), [](const mortise_sql_value& value) {
           return value.type < MORTISE_SQL_TEXT || value.bytes.data != nullptr || value.bytes.size == 0;
         });
}

/// While a statement hands out its rows.
class HandingOut {
 public:
  explicit HandingOut(RemoteTransaction* transaction) : transaction_(transaction) {
    if (transaction_ != nullptr) transaction_->hands_out_rows = true;
  }
  HandingOut(const HandingOut&) = delete;
  HandingOut& operator=(const HandingOut&) = delete;
  ~HandingOut() {
    if (transaction_ != nullptr) transaction_->hands_out_rows = false;
  }

 private:
  RemoteTransaction* transaction_;
};

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
    if (within != nullptr && within->hands_out_rows) {
      return to_abi(Error{ErrorCode::failed_precondition, sql::kStillRunning}, error);
    }
    const std::span values(parameters, parameter_count);
    if (!are_sound(values)) {
      return to_abi(Error{ErrorCode::invalid_argument, "a parameter has no bytes, or there are too many"}, error);
    }
    const HandingOut handing_out(within);
    const auto ran =
        from(database).run(within == nullptr ? 0 : within->number, runtime::to_view(statement), values, rows, outcome);
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

constexpr mortise_sql_v1 kSqlTable{.struct_size = sizeof(mortise_sql_v1),
                                   .reserved = 0,
                                   .open = &open,
                                   .run = &run,
                                   .begin = &begin,
                                   .commit = &commit,
                                   .roll_back = &roll_back};

}  // namespace

const mortise_sql_v1& RemoteSql::table() noexcept { return kSqlTable; }

const void* RemoteSql::interface(std::string_view id) const noexcept {
  return id == MORTISE_SQL_V1 ? &kSqlTable : nullptr;
}

/// A place for one request, and what is taken for it.
class RemoteSql::Asking {
 public:
  Asking(HostLink& link, OutgoingPlaces& places, std::uint32_t number)
      : link_(link), places_(places), number_(number) {}
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
  ~Asking() {
    if (block_ != nullptr) link_.heap().free(block_);
    if (has_outcome_) places_.done_with(number_, outcome_);
    places_.give_back(number_);
  }

  /// False: there is no room for the bytes.
  bool write(std::string_view bytes) {
    auto& direct = places_.memory(number_).direct;
    auto* to = direct.data();
    if (bytes.size() > direct.size()) to = block_ = link_.heap().allocate(bytes.size());
    if (to == nullptr) return false;
    std::memcpy(to, bytes.data(), bytes.size());
    places_.ask(number_, {.request = {.offset = link_.area().offset_of(to), .size = bytes.size()}});
    return true;
  }
  /// Valid as long as this.
  std::string_view wait() {
    Completion completion;
    completion.kind = Completion::Kind::database;
    completion.argument = number_;
    link_.complete(completion, true);
    outcome_ = places_.wait(number_);
    has_outcome_ = true;
    return {reinterpret_cast<const char*>(link_.area().at(outcome_.payload.offset)), outcome_.payload.size};
  }
  [[nodiscard]] mortise_status status() const noexcept { return outcome_.status; }

 private:
  HostLink& link_;
  OutgoingPlaces& places_;
  const std::uint32_t number_;
  std::uint8_t* block_ = nullptr;
  Outcome outcome_{};
  bool has_outcome_ = false;
};

base::Result<mortise_status> RemoteSql::ask(const SqlRequest& request, std::string_view statement,
                                            std::span<const mortise_sql_value> parameters, const Use& use) {
  const auto bytes = to_bytes(request, statement, parameters);
  const bool may_fail = request.action == SqlAction::run || request.action == SqlAction::begin;
  const auto place = may_fail ? places_.take() : std::optional(places_.wait_for_one());
  if (!place) {
    return Error{ErrorCode::resource_exhausted, "the plugin asks for too much of others at this moment"};
  }
  Asking asking(link_, places_, *place);
  if (!asking.write(bytes)) {
    return Error{ErrorCode::resource_exhausted, "the memory that host and worker share has no room for the statement"};
  }
  const auto said = asking.wait();
  if (asking.status() != MORTISE_OK) return Error{runtime::to_code(asking.status()), std::string(said)};
  return use(SqlAnswerReader(said));
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
  base::Result<mortise_status> ran = Error{ErrorCode::resource_exhausted, "out of memory"};
  try {
    ran = run_once(transaction, statement, parameters, rows, outcome);
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): which has been said
  }
  const bool is_done = ran && *ran == MORTISE_OK;
  if (is_alone) {
    const auto ended = end(is_done ? SqlAction::commit : SqlAction::roll_back, transaction);
    return ended || !is_done ? ran : base::Result<mortise_status>(ended.error());
  }
  // What cannot be undone alone the host has undone with all else.
  if (!is_done) static_cast<void>(act(SqlAction::go_back, transaction));
  const auto forgotten = act(SqlAction::forget_mark, transaction);
  return forgotten || !is_done ? ran : base::Result<mortise_status>(forgotten.error());
}

base::Result<mortise_status> RemoteSql::run_in(mortise_sql_transaction* transaction, std::string_view statement,
                                               std::span<const mortise_sql_value> parameters) {
  if (transaction != nullptr && from(transaction).hands_out_rows) {
    return Error{ErrorCode::failed_precondition, sql::kStillRunning};
  }
  return run_once(transaction == nullptr ? 0 : from(transaction).number, statement, parameters, nullptr, nullptr);
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
