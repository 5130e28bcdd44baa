// A limit on how long this thread's calls may take, sooner than the request's deadline: for what a caller can do
// without.
#pragma once

#include <mortise/abi/contracts.h>

#include <chrono>
#include <cstdint>

#include <mortise/scope.hpp>

namespace mortise {

/// From its birth to its end no call through a contract takes longer than the rest of the limit, on this thread and in
/// whatever it calls:
///
///   try {
///     const mortise::TimeLimit limit(std::chrono::milliseconds(50));
///     page.ads = ads->pick(categories);
///   } catch (const mortise::Error& error) {  // deadline_exceeded, among others: the page goes without
///   }
///
/// A call of a plugin in another process or host that is late throws `deadline_exceeded`, and a statement on the
/// plugin's database as well; the call may still have happened. A provider in this process is not interrupted: it sees
/// the limit in time_left(). Limits nest, and none extends another one or the deadline. A limit below zero counts as
/// zero. The constructor throws `failed_precondition` outside any scope, as slots do. A host older than ABI 1.1 has no
/// limits: calls take as long as the deadline lets them. since 1.1 [in-scope]
class [[nodiscard]] TimeLimit {
 public:
  explicit TimeLimit(std::chrono::milliseconds limit) : scope_(detail::require_scope()) {
    const auto ms = limit.count() < 0 ? 0 : static_cast<std::uint64_t>(limit.count());
    if (is_known()) former_ = detail::contracts_link.contracts->limit_ms(&scope_, ms);
  }
  ~TimeLimit() {
    if (is_known()) detail::contracts_link.contracts->restore_limit(&scope_, former_);
  }
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

 private:
  /// To the host.
  static bool is_known() noexcept {
    return MORTISE_HAS(mortise_contracts_v1, detail::contracts_link.contracts, restore_limit);
  }

  mortise_scope& scope_;
  std::uint64_t former_ = 0;
};

}  // namespace mortise
