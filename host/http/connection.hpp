// One connection: reads requests, finds their routes, runs their handlers, sends the answers, in order. Its steps form
// a chain, each started by the end of the one before, so they never overlap and need no lock; while an exchange is
// shared with a plugin's threads (Exchange::is_shared), what both sides touch is guarded by the exchange's mutex.
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "http/deadlines.hpp"
#include "http/exchange.hpp"
#include "http/successor.hpp"
#include "http/transport.hpp"
#include "http/workspace.hpp"

namespace mortise::http {

class Loop;
struct Shared;

/// Held by what is under way for it (an operation, a post, an open exchange); ends when nothing is. Not movable.
class alignas(64) Connection final : public boost::intrusive_ref_counter<Connection> {
 public:
  Connection(Loop& loop, Shared& shared, std::shared_ptr<void> keep_alive, std::unique_ptr<Transport> transport,
             std::string remote_address);
  ~Connection();

  /// Begins to serve. On a thread of the loop.
  void start();

  // --- From the transport, on a thread of the loop.
  void on_ready(const boost::system::error_code& ec);
  /// For a read that was started without a buffer, when something is there to be read.
  std::span<char> lend_buffer();
  void on_read(const boost::system::error_code& ec, std::size_t size);
  void on_written(const boost::system::error_code& ec);

  // --- From the exchange.
  /// Takes what is there of the body that the handler pulls. Under the exchange's mutex. `out` gets "100 Continue".
  enum class BodyState { ok, need_more, too_large, malformed };
  BodyState take_body(std::span<std::uint8_t> buffer, std::uint64_t& size, std::string& out);
  /// Has more input read. Under the exchange's mutex, any thread.
  void want_input();
  void post_flush();
  /// After a post from a thread that is none of the loop's, without a lock.
  void help_ended_loop();
  void write_shared(std::string_view bytes);  // under the mutex, on the loop
  /// The shared exchange is over: the chain goes on. On a thread of the loop.
  void resume();
  void hold_self() { self_ = this; }
  /// Has the loop look after the deadline from now on.
  void list_deadline(Exchange::Time deadline);
  /// The deadline has passed, and the client was answered. Under the exchange's mutex. `is_inside`: a handler runs on.
  void count_timeout(bool is_inside);
  /// Says to the client that nothing more comes, while the request goes on.
  void end_early();
  /// Ends all traffic at once, and nothing else. Any thread, in the list.
  void shut_down();
  std::string& out() noexcept { return workspace_->out; }
  /// Of the plugin that is asked; null: of none.
  [[nodiscard]] runtime::MemoryAccount* memory() const noexcept;
  /// Under the exchange's mutex while it is shared.
  [[nodiscard]] bool is_body_done() const noexcept { return is_body_done_; }
  [[nodiscard]] std::chrono::milliseconds body_timeout() const noexcept;
  [[nodiscard]] std::string route_text() const;
  /// For the calling thread, until its next call.
  [[nodiscard]] std::string_view date() const;

  // --- From other threads, while it is in the loop's list (under the list's lock).
  /// Ends what has waited too long, and looks whether the client of a handler at work is still there.
  void sweep(std::int64_t now_ms);
  /// A release was published.
  void follow_release();
  /// Closes it if it waits for a request.
  void drain();
  /// Makes everything that is under way end at once.
  void cut();
  /// Answers in the place of a handler on the loop that is late.
  void expire(Exchange::Time now) { exchange_.expire(now); }
  /// Ends what belongs to a generation that has to go: a WebSocket with a word to the peer, anything else at once.
  void evict();
  [[nodiscard]] bool is_in_request() const noexcept { return is_in_request_.load(std::memory_order_relaxed); }
  [[nodiscard]] const runtime::Generation* generation() const noexcept {
    return generation_.load(std::memory_order_relaxed);
  }

  // --- From the loop's list of deadlines: under its lock, and when it has taken this connection's out of it.
  void forget_deadline() noexcept { deadline_place_.reset(); }
  void on_deadline();

  // --- For a successor.
  Loop& loop() noexcept { return loop_; }
  Shared& shared() noexcept { return shared_; }
  const runtime::ConePtr& cone() const noexcept { return workspace_->cone; }
  Transport& transport() noexcept { return *transport_; }
  const RequestHead& head() const noexcept { return workspace_->parser.head(); }
  [[nodiscard]] std::string_view request_id() const noexcept { return workspace_->request_id; }
  /// The successor has let go of it.
  void forget_generation() noexcept { generation_.store(nullptr, std::memory_order_relaxed); }

  [[nodiscard]] std::string_view remote_address() const noexcept { return remote_address_; }

 private:
  enum class Phase : std::uint8_t { head, body, linger };
  enum class Wait : std::uint8_t { none, idle, head, body, write, linger };
  enum class Step { again, need_input, parked, close };
  /// How long the client gets to end its side of a closed connection.
  static constexpr std::chrono::milliseconds kLinger{2000};
  /// For who was turned away by a crowd: that may be over any moment.
  static constexpr std::chrono::seconds kCrowdRetryAfter{1};

  void process();
  Step step();
  Step read_head();
  Step read_body();
  Step on_head();
  void begin_exchange();
  void continue_trace();
  Step route();
  Step dispatch(const Route& route);
  bool heed_client(const Route& route);
  Step admit(const Route& route);
  Step run(const Route& route);
  [[nodiscard]] bool is_kept_off_loops(const Route& route) const;
  Step run_inline(const Route& route);
  Step run_on_pool(const Route& route);
  bool call_handler(const Route& route);
  void log_way(const mortise_failure& failure) const;
  Step answer_builtin();
  Step refuse(unsigned status, std::string_view detail, std::string_view headers = {});
  Step decline(unsigned status, std::string_view detail, std::string_view headers = {});
  Step turn_away(std::string_view detail, std::chrono::seconds retry_after);
  void flush_earlier();
  void park_for_turn();
  void go_on_after_waiting(bool has_turn);
  void go_on(Step step);
  Step finish();
  void leave_plugin();
  void let_go();
  void hand_over(std::unique_ptr<Successor> successor);
  void count_answer();
  void log_access();
  void build_request(const Route& route);

  void start_parser();
  RequestParser::State parse_body();
  void start_read();
  void wait_for_request();
  void watch_client();
  void look_for_end();
  void look_after_client();
  void read_shared();
  bool send_out();
  void begin_close();
  void wait(Wait kind, std::chrono::milliseconds limit) noexcept;
  void on_read_shared(const boost::system::error_code& ec, std::size_t size, bool& goes_on);
  ResponseContext context() const;

  // What every request touches comes first, in few cache lines: with thousands of connections each is a miss.
  // Read by the loop's tick and by the server on other threads. A hint that is a tick late does no harm: relaxed.
  std::atomic<Wait> wait_{Wait::none};
  std::atomic<bool> is_timed_out_{false};
  std::atomic<bool> is_in_request_{false};
  Phase phase_ = Phase::head;
  std::atomic<std::int64_t> deadline_ms_{0};
  std::atomic<const runtime::Generation*> generation_{nullptr};
  // Released by hand_over() when the successor is made; acquired by whoever passes something on to it.
  std::atomic<Successor*> successor_{nullptr};
  Loop& loop_;
  Shared& shared_;
  const std::shared_ptr<void> keep_alive_;  // of the two above, until the members below are gone
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<Workspace> workspace_;  // none while it waits for a request

  bool is_head_started_ = false;
  bool is_closing_ = false;
  bool is_body_done_ = false;
  bool is_continue_due_ = false;
  // Guarded by the exchange's mutex while it is shared, the chain's otherwise.
  bool is_read_pending_ = false;
  bool is_read_posted_ = false;
  bool is_look_due_ = false;
  bool is_resumed_ = false;
  const std::string remote_address_;
  Exchange exchange_{*this};

  bool is_deadline_listed_ = false;  // whether there may be something in the list
  Deadlines::Place deadline_place_;  // the list's
  ConnectionPtr self_;               // while an exchange is open, or waits for its turn
  std::unique_ptr<Successor> successor_owner_;
};

}  // namespace mortise::http
