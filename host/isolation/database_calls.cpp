#include "isolation/database_calls.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <span>
#include <utility>

#include "isolation/steady_ns.hpp"

namespace mortise::isolation {
namespace {

using base::Error;
using base::ErrorCode;
using Transaction = sql::Database::Transaction;

// A connection each, with a cache.
constexpr std::size_t kMostTransactions = 64;
constexpr const char* kNoTransaction = "the transaction is over, or another thread uses it";
constexpr const char* kTooManyAtOnce = "the statements of the process take more than 128 MiB at this moment";
constexpr const char* kTooMuch =
    "the statement's rows take more than the 64 MiB that cross to another process at once; select fewer at a time";

/// As far as anybody reckons with it.
sql::Time deadline_of(const SqlRequest& request) {
  constexpr std::chrono::hours kFar{24};
  const auto deadline = from_ns(request.deadline_ns);
  return deadline > std::chrono::steady_clock::now() + kFar ? sql::Time::max() : deadline;
}

}  // namespace

/// What the host holds of one request and its answer, until that has been handed over.
class DatabaseCalls::UnderWay {
 public:
  explicit UnderWay(std::atomic<std::uint64_t>& all) noexcept : all_(all) {}
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
  ~UnderWay() { all_.fetch_sub(size_, std::memory_order_relaxed); }
  /// False: all together have no room for so many bytes more.
  bool add(std::uint64_t size) noexcept {
    size_ += size;
    if (all_.fetch_add(size, std::memory_order_relaxed) + size <= 2 * kMostSqlBytes) return true;
    all_.fetch_sub(size, std::memory_order_relaxed);
    size_ -= size;
    return false;
  }

 private:
  std::atomic<std::uint64_t>& all_;
  std::uint64_t size_ = 0;
};

/// Rows on their way into an answer.
class DatabaseCalls::RowTaker {
 public:
  explicit RowTaker(UnderWay& under_way) noexcept : under_way_(under_way) {}

  mortise_sql_rows rows() noexcept { return {sizeof(mortise_sql_rows), 0, this, &take}; }
  SqlAnswerWriter& writer() noexcept { return writer_; }
  /// Why the last row was not taken.
  [[nodiscard]] const char* refusal() const noexcept { return refusal_; }

 private:
  static mortise_status take(void* self, const mortise_sql_value* values, std::uint32_t count) {
    auto& taker = *static_cast<RowTaker*>(self);
    const std::span row(values, count);
    const auto size = size_of_row(row);
    if (size > kMostSqlBytes - taker.writer_.size()) return taker.refuse(kTooMuch);
    if (!taker.under_way_.add(size)) return taker.refuse(kTooManyAtOnce);
    taker.writer_.add_row(row);
    return MORTISE_OK;
  }
  mortise_status refuse(const char* why) noexcept {
    refusal_ = why;
    return MORTISE_RESOURCE_EXHAUSTED;
  }

  UnderWay& under_way_;
  SqlAnswerWriter writer_;
  const char* refusal_ = "";
};

DatabaseCalls::DatabaseCalls(HostEnd end, std::shared_ptr<OutgoingCalls> outgoing,
                             std::shared_ptr<sql::Database> database, GrowingPool& pool,
                             std::function<std::chrono::milliseconds()> longest)
    : end_(std::move(end)),
      outgoing_(std::move(outgoing)),
      database_(std::move(database)),
      pool_(pool),
      longest_(std::move(longest)) {}

void DatabaseCalls::take(std::uint32_t number) {
  if (!outgoing_->claim(number)) return;
  const bool is_posted = pool_.post([self = shared_from_this(), number] {
    if (self->end_.breach->is_noted()) return;  // nobody waits for it
    try {
      self->serve(number);
    } catch (const std::exception&) {
      self->outgoing_->answer(number, MORTISE_RESOURCE_EXHAUSTED, "the host has no memory for the statement");
    }
  });
  if (!is_posted) outgoing_->answer(number, MORTISE_RESOURCE_EXHAUSTED, "the host has no thread for the statement");
}

void DatabaseCalls::serve(std::uint32_t number) {
  const auto& place = end_.area->memory().outgoing[number];
  const auto wanted = place.wanted.load();
  if (!end_.area->is_workers(place.direct, wanted.request)) {
    return end_.breach->note("a statement of it lies where it must not write");
  }
  if (wanted.request.size > kMostSqlBytes) {
    return outgoing_->answer(number, MORTISE_OUT_OF_RANGE,
                             "the statement and its parameters take more than 64 MiB, which is the most that crosses");
  }
  UnderWay under_way(under_way_);
  if (!under_way.add(wanted.request.size)) {
    return outgoing_->answer(number, MORTISE_RESOURCE_EXHAUSTED, kTooManyAtOnce);
  }
  // A copy: what is looked at must not change any more.
  const std::string bytes(reinterpret_cast<const char*>(end_.area->at(wanted.request.offset)), wanted.request.size);
  const auto view = SqlRequestView::read(bytes);
  if (!view) return end_.breach->note("a statement of it has no form");
  const auto done = perform(*view, under_way);
  outgoing_->answer(number, done.status, done.bytes);
}

sql::Caller DatabaseCalls::caller_of(const SqlRequest& request) const noexcept {
  return {.whose = this, .thread = request.thread, .gone = &is_over_};
}

DatabaseCalls::Done DatabaseCalls::perform(const SqlRequestView& wanted, UnderWay& under_way) {
  const auto caller = caller_of(wanted.request);
  switch (wanted.request.action) {
    case SqlAction::run: return run(wanted, caller, under_way);
    case SqlAction::begin: return begin(wanted.request, caller);
    case SqlAction::commit:
    case SqlAction::roll_back: return end_transaction(wanted.request);
    case SqlAction::mark:
    case SqlAction::go_back:
    case SqlAction::forget_mark: return in_transaction(wanted.request);
  }
  return {.status = MORTISE_UNIMPLEMENTED, .bytes = {}};
}

/// What was taken out, when all has been done with it; whatever comes between.
class DatabaseCalls::PutBack {
 public:
  PutBack(DatabaseCalls& calls, std::uint64_t number, TransactionPtr& transaction)
      : calls_(calls), number_(number), transaction_(transaction) {}
  PutBack(const PutBack&) = delete;
  PutBack& operator=(const PutBack&) = delete;
  ~PutBack() { calls_.put_back(number_, std::move(transaction_)); }

 private:
  DatabaseCalls& calls_;
  const std::uint64_t number_;
  TransactionPtr& transaction_;
};

DatabaseCalls::Done DatabaseCalls::run(const SqlRequestView& wanted, const sql::Caller& caller, UnderWay& under_way) {
  const auto& request = wanted.request;
  RowTaker taker(under_way);
  const auto rows = taker.rows();
  mortise_sql_outcome outcome{sizeof outcome, 0, 0, 0};
  const sql::Run run{.parameters = wanted.parameters,
                     .rows = request.wants_rows != 0 ? &rows : nullptr,
                     .outcome = &outcome,
                     .deadline = deadline_of(request),
                     .caller = caller};
  base::Result<mortise_status> ran = mortise_status{MORTISE_OK};
  if (request.transaction == 0) {
    ran = database_->run(wanted.statement, run);
  } else {
    auto transaction = take_out(request.transaction);
    if (!transaction) return {.status = MORTISE_FAILED_PRECONDITION, .bytes = kNoTransaction};
    const PutBack put_back(*this, request.transaction, transaction);
    ran = transaction->run(wanted.statement, run);
  }
  if (!ran) return {.status = static_cast<mortise_status>(ran.error().code), .bytes = ran.error().message};
  if (*ran != MORTISE_OK) return {.status = *ran, .bytes = taker.refusal()};
  return {.status = MORTISE_OK,
          .bytes = taker.writer().finish({.changed_rows = outcome.changed_rows, .last_row_id = outcome.last_row_id})};
}

DatabaseCalls::Done DatabaseCalls::begin(const SqlRequest& request, const sql::Caller& caller) {
  {
    const std::lock_guard lock(mutex_);
    if (transactions_.size() >= kMostTransactions) {
      return {.status = MORTISE_RESOURCE_EXHAUSTED, .bytes = "the process has too many transactions open"};
    }
  }
  const bool only_reads = (request.flags & MORTISE_SQL_READ_ONLY) != 0;
  const auto said = deadline_of(request);
  auto begun = only_reads ? database_->begin(sql::Database::Access::read, said, caller)
                          : database_->begin(sql::Database::Access::write,
                                             std::min(said, std::chrono::steady_clock::now() + longest_()), caller);
  if (!begun) return {.status = static_cast<mortise_status>(begun.error().code), .bytes = begun.error().message};
  TransactionPtr too_late;
  const std::lock_guard lock(mutex_);
  const auto number = ++last_number_;
  (is_over_ ? too_late : transactions_[number]) = std::move(*begun);
  return {.status = MORTISE_OK, .bytes = SqlAnswerWriter().finish({.transaction = number})};
}

DatabaseCalls::Done DatabaseCalls::in_transaction(const SqlRequest& request) {
  auto transaction = take_out(request.transaction);
  if (!transaction) return {.status = MORTISE_FAILED_PRECONDITION, .bytes = kNoTransaction};
  const PutBack put_back(*this, request.transaction, transaction);
  const auto done = request.action == SqlAction::mark      ? transaction->mark()
                    : request.action == SqlAction::go_back ? transaction->go_back()
                                                           : transaction->forget_mark();
  if (!done) return {.status = static_cast<mortise_status>(done.error().code), .bytes = done.error().message};
  return {.status = MORTISE_OK, .bytes = SqlAnswerWriter().finish({})};
}

DatabaseCalls::Done DatabaseCalls::end_transaction(const SqlRequest& request) {
  auto transaction = take_out(request.transaction);
  if (!transaction) return {.status = MORTISE_FAILED_PRECONDITION, .bytes = kNoTransaction};
  auto done = base::Result<void>();
  {
    TransactionPtr ended;  // nothing is put back
    const PutBack put_back(*this, request.transaction, ended);
    if (request.action == SqlAction::commit) done = transaction->commit();
  }
  if (!done) return {.status = static_cast<mortise_status>(done.error().code), .bytes = done.error().message};
  return {.status = MORTISE_OK, .bytes = SqlAnswerWriter().finish({})};
}

/// The calling thread's until put_back(); null: there is none, or another thread has it.
DatabaseCalls::TransactionPtr DatabaseCalls::take_out(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = transactions_.find(number);
  return found == transactions_.end() ? nullptr : std::move(found->second);
}

/// Null: it has ended.
void DatabaseCalls::put_back(std::uint64_t number, TransactionPtr transaction) {
  const std::lock_guard lock(mutex_);
  const auto found = transactions_.find(number);
  if (found == transactions_.end()) return;  // the worker has ended, and with it what it had
  if (transaction) {
    found->second = std::move(transaction);
  } else {
    transactions_.erase(found);
  }
}

void DatabaseCalls::end() {
  std::map<std::uint64_t, TransactionPtr> begun;
  {
    const std::lock_guard lock(mutex_);
    is_over_.store(true, std::memory_order_relaxed);
    begun = std::exchange(transactions_, {});
  }
  begun.clear();
  database_->wake_waiting();
}

}  // namespace mortise::isolation
