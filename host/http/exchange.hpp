// One request and its answer, as plugins see them (mortise.http/1). Most exchanges begin and end on one thread inside
// one handler call; those that are deferred, streamed, or pull their body are shared between the plugin's threads and
// the loop, under the mutex.
#pragma once

#include <mortise/abi/http.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "http/response_writer.hpp"
#include "http/successor.hpp"
#include "runtime/memory_account.hpp"

namespace mortise::http {

class Connection;

/// Part of its connection, used again for each of its requests. The connection's loop drives it with the functions
/// named on_*; plugins reach the ABI's functions through exchange_table.
class Exchange {
 public:
  explicit Exchange(Connection& connection) : connection_(connection) {}

  static Exchange& from(mortise_http_exchange* handle) noexcept { return *reinterpret_cast<Exchange*>(handle); }
  mortise_http_exchange* handle() noexcept { return reinterpret_cast<mortise_http_exchange*>(this); }

  // --- The ABI's functions: see abi/http.h for their contract.
  mortise_status respond(const mortise_http_response_v1& response);
  mortise_status defer();
  mortise_status read_body(std::span<std::uint8_t> buffer, std::uint64_t& size);
  mortise_status start(const mortise_http_response_v1& head) { return start(head, std::nullopt); }
  mortise_status write(std::string_view piece, std::chrono::milliseconds timeout);
  mortise_status finish();
  void abort();
  mortise_status on_close(void (*callback)(void*), void* self);
  [[nodiscard]] std::uint64_t time_left_ms() const noexcept;

  // --- For the host's own handlers.
  /// A streamed answer whose length is known: exactly so much must be written.
  mortise_status start(const mortise_http_response_v1& head, std::optional<std::uint64_t> length);
  [[nodiscard]] bool is_head() const noexcept { return context_.is_head; }
  /// What the handler fails by is another plugin's, which it called: its own does answer. Before it is answered.
  void note_providers_failure() noexcept { is_providers_failure_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool is_providers_failure() const noexcept {
    return is_providers_failure_.load(std::memory_order_relaxed);
  }
  /// The plugin was not asked, so that the answer says nothing of it. Before it is answered, by who answers.
  void leave_uncounted() noexcept { is_uncounted_ = true; }
  [[nodiscard]] bool is_uncounted() const noexcept { return is_uncounted_; }

  // --- The connection's side.
  /// When the request's head is there.
  void begin(ResponseContext context);
  /// The handler pulls the body through read_body(); on its thread, before it runs.
  void stream_body();
  /// What was answered, for the access log.
  void note(unsigned status, std::uint64_t body_bytes) noexcept;
  /// After the handler has returned, on its thread. True: the exchange is over, and the connection's next step is the
  /// caller's. False: it goes on without the handler; the connection is told when it is over (Connection::resume).
  bool settle(mortise_status status, std::string_view message);

  // --- Deadline and turn. Who answers is settled by one word (claim_), so that the deadline and a handler on another
  // thread need no lock while the exchange is not shared.
  using Time = std::chrono::steady_clock::time_point;
  /// From when on the deadline may have it; max(): never. On the connection's chain.
  void arm_waiting(Time deadline) { arm(Claim::waiting, deadline); }
  void arm_open(Time deadline) { arm(Claim::open, deadline); }
  /// What was armed waiting has its turn, and is armed open where `is_open`. False: somebody else goes on with it.
  bool take_turn(bool is_open = false) noexcept;
  /// The same for the deadline.
  bool take_turn_if_due(Time now) noexcept;
  /// Answers in the place of a handler that is late, if it is; what the handler answers later is dropped. Returns what
  /// must be called on a thread of the loop, without a lock. Any thread, as long as the connection is sure to live.
  std::function<void()> expire(Time now);
  /// The handler's time is up.
  [[nodiscard]] bool is_expired() const noexcept {
    return state_of(claim_.load(std::memory_order_acquire)) == Claim::expired;
  }
  [[nodiscard]] Time deadline() const noexcept { return deadline_.load(std::memory_order_relaxed); }
  /// What the scope of the exchange's handler goes by, until that has returned: the deadline, or runtime::Scope's
  /// kUnheard once the client was seen to have gone.
  [[nodiscard]] const std::atomic<Time>& deadline_to_read() const noexcept { return until_; }
  /// The client has gone: who waits on its behalf may give up, and what comes of it counts for nobody. Nothing is
  /// ended. Any thread, as long as the connection is sure to live.
  void note_client_gone() noexcept;
  [[nodiscard]] bool is_client_gone() const noexcept;

  /// Whether the exchange is shared between threads; the rest of this block only makes sense then.
  [[nodiscard]] bool is_shared() const noexcept { return is_shared_.load(std::memory_order_acquire); }
  std::mutex& mutex() noexcept { return mutex_; }
  /// On a loop's thread: sends what waits to be sent.
  void flush();
  void on_written(bool is_ok);
  /// On a loop's thread, under the mutex: the client has gone. Returns what must be called without the mutex.
  std::function<void()> on_gone();
  /// Under the mutex.
  [[nodiscard]] bool is_open() const noexcept { return is_open_; }
  [[nodiscard]] bool is_gone() const noexcept { return is_gone_; }
  [[nodiscard]] bool wants_body() const noexcept { return is_streaming_body_ && is_open_; }
  void notify() { changed_.notify_all(); }
  /// On the loop, when the connection goes on alone.
  void close_shared() noexcept { is_shared_.store(false, std::memory_order_release); }

  [[nodiscard]] bool is_stream() const noexcept { return is_stream_; }
  [[nodiscard]] unsigned status() const noexcept { return status_; }
  [[nodiscard]] std::uint64_t body_bytes() const noexcept { return body_bytes_; }
  [[nodiscard]] const ResponseContext& context() const noexcept { return context_; }

  // --- Another protocol takes the connection over when the handler has returned (WebSocket).
  Connection& connection() noexcept { return connection_; }
  /// Whether take_over() and refuse() will have their way: the deadline is called off then.
  [[nodiscard]] bool can_be_taken_over() noexcept { return !is_shared() && take() && progress_ == Progress::fresh; }
  mortise_status take_over(std::unique_ptr<Successor> successor);
  /// Answers with a problem in the host's name; `headers` are whole lines.
  void refuse(unsigned status, std::string_view detail, std::string_view headers);
  std::unique_ptr<Successor> taken_over() { return std::exchange(successor_, nullptr); }

  // --- The same for a handler that runs in another process, on any thread, while the exchange is deferred for it.
  /// Before it is deferred: until it has ended, nothing is read that a successor would have to have.
  void expect_successor();
  /// Whether it is the caller's to refuse, or, where `is_for_successor`, to take over: it is followed by one of the
  /// next two then, and nobody else ends it.
  [[nodiscard]] bool claim_deferred(bool is_for_successor);
  void refuse_deferred(unsigned status, std::string_view detail, std::string_view headers);
  /// The successor begins when start_successor() is called.
  void take_over_deferred(std::unique_ptr<Successor> successor);
  void start_successor();
  [[nodiscard]] bool is_successor_expected() const noexcept { return is_successor_expected_; }  // under the mutex

 private:
  enum class Progress : std::uint8_t { fresh, streaming, ended };
  /// State    | who may touch what is not shared                                      | next
  /// taken    | its own thread: the chain, then the handler                           | waiting, open
  /// waiting  | nobody, before its turn comes or its deadline has passed               | taken, open
  /// open     | the first to take it: handler or deadline                             | taken, expired
  /// answered | likewise; the handler has answered, which waits to be sent, and runs on | taken, expired
  /// expired  | both, under the mutex: the exchange is shared                         | taken
  enum class Claim : std::uint8_t { taken, waiting, open, answered, expired };
  static constexpr std::uint64_t kClaimStates = 8;
  static Claim state_of(std::uint64_t claim) noexcept { return static_cast<Claim>(claim % kClaimStates); }
  static std::uint64_t with(std::uint64_t claim, Claim state) noexcept {
    return claim - claim % kClaimStates + static_cast<std::uint64_t>(state);
  }

  void arm(Claim state, Time deadline);
  [[nodiscard]] bool is_due(Time now) const noexcept { return now >= deadline(); }
  bool take() noexcept;
  bool take_back() noexcept;
  bool change_claim(Claim from, Claim to) noexcept;
  bool expire_unshared(Time now);
  void answer_timeout();
  std::function<void()> take_close_callback();
  [[nodiscard]] bool is_unheard() const noexcept { return is_gone_ || is_expired(); }
  void share();
  void share_locked();
  void schedule_flush();
  void count_unsent() noexcept;
  bool end_locked(std::unique_lock<std::mutex>& lock);
  bool end(std::unique_lock<std::mutex>& lock);
  bool complete_locked();
  void give_back_claim();
  void settle_unanswered(mortise_status status, std::string_view message, std::string& out);
  void log_late_failure(mortise_status status, std::string_view message) const;
  const ResponseContext& dated();

  Connection& connection_;
  // Which request this is, and who may answer it. Released with what a thread has written of the exchange, acquired
  // by the one that takes it.
  std::atomic<std::uint64_t> claim_{0};
  // Written before claim_, read by whoever takes that: relaxed. Set to max() when an answer is started, under the
  // mutex; who asks for the time that is left may see that late.
  std::atomic<Time> deadline_{Time::max()};
  // The same until the client has gone. A value on its own: relaxed. Where the next request of the connection
  // overwrites that, whoever has noted it looks again.
  std::atomic<Time> until_{Time::max()};
  // Released by share() when the members below are set up; acquired by the loop before it uses them.
  std::atomic<bool> is_shared_{false};
  // Guarded by mutex_ once shared:
  Progress progress_ = Progress::fresh;
  bool is_open_ = false;  // from share() to complete
  bool is_deferred_ = false;
  bool is_handler_running_ = false;
  bool is_streaming_body_ = false;
  bool is_successor_expected_ = false;
  bool is_claimed_ = false;  // by claim_deferred(), and not given back
  bool is_gone_ = false;
  bool is_writing_ = false;  // the transport sends sending_
  bool is_flush_posted_ = false;

  bool is_stream_ = false;
  std::atomic<bool> is_providers_failure_{false};  // whoever answers has noted it before: relaxed
  bool is_uncounted_ = false;                      // published with the answer
  unsigned status_ = 0;
  std::uint64_t body_bytes_ = 0;
  ResponseContext context_;
  std::unique_ptr<Successor> successor_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::string pending_;
  std::string sending_;
  runtime::BufferCharge unsent_charge_;  // of both
  void (*close_callback_)(void*) = nullptr;
  void* close_self_ = nullptr;
  std::thread::id close_thread_;  // runs the callback; default: nobody
};

}  // namespace mortise::http
