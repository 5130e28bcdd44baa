// One connection to another host, which carries one call at a time over HTTP/1.1 and is kept for the next.
#pragma once

#include <Poco/Net/HTTPClientSession.h>
#include <mortise/abi/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
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
  /// have. late: likewise, and its deadline has passed. unheard: likewise, and nobody waits any more.
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

/// One thread at a time.
class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  /// Resolves the name anew, as what it stands for may have moved. Waits until `deadline`, and for two seconds at most.
  static base::Result<std::unique_ptr<Connection>> open(const std::string& host, std::uint16_t port,
                                                        Clock::time_point deadline);
  explicit Connection(const Poco::Net::StreamSocket& socket, std::string host_header);

  [[nodiscard]] Attempt carry(const Call& call);

  /// The other side has neither closed it nor said anything since the last call.
  [[nodiscard]] bool is_fresh() noexcept;
  /// It may carry another one.
  [[nodiscard]] bool is_whole() const noexcept { return is_whole_; }

 private:
  void send(const Call& call);
  /// False: the deadline has come first, or nobody waits any more.
  [[nodiscard]] bool wait_for_answer(const Call& call);
  [[nodiscard]] Attempt receive(const Call& call);
  [[nodiscard]] static std::string read_body(std::istream& in, const Poco::Net::HTTPResponse& response,
                                             const Call& call);

  Poco::Net::HTTPClientSession session_;
  const std::string host_header_;
  bool is_whole_ = true;
  bool is_kept_ = false;  // it has carried one before
};

}  // namespace mortise::remote
