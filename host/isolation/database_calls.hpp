// What a worker's plugin wants of its database, as the host sees it: each statement runs here, on a thread of the
// host's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "isolation/growing_pool.hpp"
#include "isolation/host_end.hpp"
#include "isolation/outgoing_calls.hpp"
#include "isolation/sql_form.hpp"
#include "sql/database.hpp"

namespace mortise::isolation {

/// Of one worker process; shared by the attendant and by threads that just run its statements.
class DatabaseCalls : public std::enable_shared_from_this<DatabaseCalls> {
 public:
  /// `pool`, which outlives it, has a thread for each outgoing place: one that waits for its turn to write must not
  /// keep from running who has it. `longest` tells how long a transaction may keep others from writing, whatever
  /// deadline the worker says.
  DatabaseCalls(HostEnd end, std::shared_ptr<OutgoingCalls> outgoing, std::shared_ptr<sql::Database> database,
                GrowingPool& pool, std::function<std::chrono::milliseconds()> longest);

  /// What lies in that place is to be done. The attendant's.
  void take(std::uint32_t number);
  /// The worker is gone: what it has begun is rolled back, and what runs for it ends.
  void end();

 private:
  using TransactionPtr = std::unique_ptr<sql::Database::Transaction>;
  class PutBack;
  class RowTaker;
  class UnderWay;
  /// What came of a request.
  struct Done {
    mortise_status status = MORTISE_OK;
    std::string bytes{};  // an answer, or else the message
  };

  void serve(std::uint32_t number);
  Done perform(const SqlRequestView& wanted, UnderWay& under_way);
  Done begin(const SqlRequest& request, const sql::Caller& caller);
  Done run(const SqlRequestView& wanted, const sql::Caller& caller, UnderWay& under_way);
  Done in_transaction(const SqlRequest& request);
  Done end_transaction(const SqlRequest& request);
  TransactionPtr take_out(std::uint64_t number);
  void put_back(std::uint64_t number, TransactionPtr transaction);
  [[nodiscard]] sql::Caller caller_of(const SqlRequest& request) const noexcept;

  const HostEnd end_;
  const std::shared_ptr<OutgoingCalls> outgoing_;
  const std::shared_ptr<sql::Database> database_;
  GrowingPool& pool_;
  const std::function<std::chrono::milliseconds()> longest_;
  std::atomic<std::uint64_t> under_way_{0};  // bytes of requests and answers; a count that orders nothing: relaxed
  std::atomic<bool> is_over_{false};         // set under mutex_; read without by what runs for it: relaxed
  std::mutex mutex_;
  // Guarded by mutex_:
  std::map<std::uint64_t, TransactionPtr> transactions_;  // null: a thread has it
  std::uint64_t last_number_ = 0;
};

}  // namespace mortise::isolation
