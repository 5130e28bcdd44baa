// One call of a contract's method at another host, and what comes of it.
#pragma once

#include <mortise/abi/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/scope.hpp"
#include "telemetry/trace_context.hpp"

namespace mortise::remote {

/// What is asked of the other host; borrowed for the call.
struct Call {
  std::string_view path;  // "/contracts/boutique.currency/1/convert"
  std::string_view request;
  bool is_idempotent = false;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();  // max(): none
  // The caller's scope's, as it changes: nobody may wait any more for what the call is part of. Null: somebody does.
  const std::atomic<runtime::Scope::Time>* watched = nullptr;
  bool is_limited = false;  // that is its caller's limit, and sooner than the request's deadline
  std::string_view request_id;
  const telemetry::TraceContext* trace = nullptr;  // null: there is none
  std::uint64_t most_reply_bytes = 0;

  [[nodiscard]] bool is_unheard() const noexcept {
    return watched != nullptr && watched->load(std::memory_order_relaxed) == runtime::Scope::kUnheard;
  }
};

/// What has come of it.
struct Answer {
  mortise_status status = MORTISE_OK;
  std::string text{};       // the reply, or the failure's message
  std::string context{};    // of a failure: the plugins and methods that it came through at the other host
  bool has_arrived = true;  // false: the other host's plugin has certainly seen nothing of the call
};

/// How an attempt to make a call has ended.
struct Attempt {
  /// answered: by the other host, with a reply or a failure of its plugin. unsent: it has not arrived. unknown: it may
  /// have. late: likewise, unless `answer` says so, and its deadline has passed. unheard: likewise, and nobody waits
  /// any more.
  enum class End { answered, unsent, unknown, late, unheard };
  /// What it says of the host. alive: somebody there has answered, be it a balancer that finds no host. changed: a
  /// kept connection has ended, and so may all that were made before; who is there now nobody knows. silent: nobody has
  /// answered in time, or over a connection that was made for it. none: nobody has waited for an answer.
  enum class Sign { alive, changed, silent, none };
  End end = End::answered;
  Sign sign = Sign::alive;
  bool is_starting = false;  // unsent, to a host that is only starting
  Answer answer{};           // of one that was not answered, its text says why
};

}  // namespace mortise::remote
