// The requests that are inside one worker, as the host sees them. A request is deferred, written down in shared memory
// and submitted; what the worker says of it is taken by its plugin's attendant (stand_in.hpp), which answers through
// mortise.http/1 as any plugin does.
#pragma once

#include <mortise/abi/http.h>
#include <mortise/abi/tasks.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isolation/database_calls.hpp"
#include "isolation/growing_pool.hpp"
#include "isolation/host_end.hpp"
#include "isolation/outgoing_calls.hpp"
#include "isolation/ring.hpp"
#include "isolation/sockets.hpp"
#include "runtime/generation.hpp"
#include "runtime/scope.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {

/// A route of the plugin, as the host's edge has it; what `self` of the route points to. Never changes.
struct ForwardedRoute {
  class StandIn* stand_in = nullptr;
  std::uint32_t number = 0;  // in the order of registration
  std::string text;          // "GET /notes/{id}", for the log
};

inline constexpr std::string_view kWorkerIsGone =
    "the process that runs the plugin which serves this has ended; another one is started";

/// Answers with a problem document, and in it says when to come again where it is a 503. Any thread; the exchange is
/// over.
void answer_problem(const mortise_http_v1& http, mortise_http_exchange* exchange, unsigned http_status,
                    std::string_view request_id, std::string_view detail);

/// What the requests of one plugin need of the host.
struct Means {
  GrowingPool& waiting;  // for clients
  GrowingPool& calling;  // others through contracts: nothing of it waits for one of the former
  /// What the exchange is about to fail by is another plugin's.
  void (*note_providers_failure)(mortise_http_exchange* exchange);
  const http::WebSocketsElsewhere& sockets;
  /// Nobody waits any more for the answer to one that is inside: its client has gone, or its time is up. Any thread;
  /// must not wait.
  std::function<void()> on_unheard = [] {};
  std::shared_ptr<DatabaseCalls> database{};  // null: the plugin has none
  /// A task of the worker's, and the end of one. Likewise.
  std::function<mortise_status(const mortise_task_v1& task)> add_task = [](const mortise_task_v1&) {
    return MORTISE_UNIMPLEMENTED;
  };
  std::function<void(std::uint64_t tag)> cancel_task = [](std::uint64_t) {};
  /// An event of the topic with that number, in the order of registration. The attendant's; must not wait.
  std::function<mortise_status(std::uint64_t topic, std::string_view key, mortise_bytes bytes)> publish =
      [](std::uint64_t, std::string_view, mortise_bytes) { return MORTISE_UNIMPLEMENTED; };
};

/// Of one worker process; shared by the attendant and by those who are just submitting, or wait for a client. A worker
/// that breaks the rules, whatever it writes, gets no further than a violation, for which it is killed.
class Calls : public std::enable_shared_from_this<Calls> {
 public:
  /// `generation`, `http` and the means outlive it.
  Calls(HostEnd end, std::shared_ptr<OutgoingCalls> outgoing, const runtime::Generation& generation,
        const mortise_http_v1& http, const Means& means);

  /// What a route's handler does, in whose scope it is; when it returns MORTISE_OK, the exchange is deferred and in the
  /// hands of the worker, or there is no room for it and it has been answered. Any thread.
  mortise_status submit(const ForwardedRoute& route, mortise_http_exchange* exchange,
                        const mortise_http_request_v1& request);

  // --- The attendant's.
  /// Takes what is there, up to some number. True: there may be more.
  bool take_some();
  /// From now on the worker wakes the host when it has something to say. False: it has already.
  bool prepare_to_sleep();
  void wake_up();
  [[nodiscard]] bool has_sockets() { return sockets_.has_any(); }
  /// Also a socket that is open.
  [[nodiscard]] bool is_anybody_inside();
  /// Whether on_unheard was called since this was asked the last time.
  bool take_unheard() noexcept { return has_unheard_.exchange(false, std::memory_order_relaxed); }
  /// The worker is gone: answers whoever is inside with a 503, and whoever comes from now on; closes the sockets.
  void end();

  /// The deadlines of those whose handlers hold a thread of the worker; as far as the worker can be believed, which has
  /// nothing but its own standing to lose. Any thread.
  [[nodiscard]] std::vector<runtime::Scope::Time> deadlines_at_work();

 private:
  /// Slot of one request. What is not marked is written while the call is taken and not active.
  struct Call {
    Calls* owner = nullptr;
    std::uint32_t number = 0;
    std::uint64_t sequence = 0;
    const ForwardedRoute* route = nullptr;
    std::string request_id;
    std::optional<telemetry::TraceContext> trace;
    runtime::Scope::Time deadline;
    // What the handler's calls of others go by: the deadline, or kUnheard once the client has gone. A value on its own:
    // relaxed. A call that a worker has left under way when it was done with this, against the rules, reads what the
    // next request's handler goes by.
    std::atomic<runtime::Scope::Time> until{runtime::Scope::Time::max()};
    std::uint8_t* block = nullptr;  // of the host's heap; null: the request lies in the call's own place
    bool is_told = false;           // it was taken for a socket
    std::uint64_t told_bytes = 0;   // what it may take of the heap then

    std::mutex mutex;
    // Guarded by mutex:
    bool is_active = false;
    std::uint32_t place = 0;                    // in the ring of submissions: how many had been written with it
    mortise_http_exchange* exchange = nullptr;  // null: it has been ended
    bool is_started = false;
    bool is_to_be_cut = false;  // as soon as nobody is busy with it
    unsigned busy = 0;          // threads that wait for its client
    // What the handler can reach, while it may call anybody or accept a socket; null: it cannot, or has returned.
    runtime::ConePtr cone{};
    Failed failed_through{};                    // the last call of the handler's, if that has failed
    bool is_calling = false;                    // a call of the handler's is under way
    bool has_returned = false;                  // the handler, before the call is over; it accepts no socket any more
    mortise_http_exchange* accepted = nullptr;  // becomes a socket when the handler has returned
    Socket* socket = nullptr;                   // which tells this; null: it is a request
  };
  /// What is left to do when the call's mutex is free again.
  struct Rest {
    mortise_http_exchange* accepted = nullptr;
    Socket* heard = nullptr;
    bool is_ok = false;
    bool has_waiting = false;
  };

  Call* take_free();
  bool give_back(Call& call);
  void note_free(Call& call);
  bool push(Call& call);
  void prepare(Call& call, const ForwardedRoute& route, const mortise_http_request_v1& request,
               mortise_http_exchange* exchange, runtime::ConePtr cone);
  [[nodiscard]] runtime::Scope::Time deadline_of_plugin() const;
  bool write_request(Call& call, const mortise_http_request_v1& request, const std::string& bindings);
  [[nodiscard]] telemetry::LogScope log_scope(const Call& call) const;
  static void on_client_gone(void* call);

  // --- What sockets have to tell (calls_sockets.cpp).
  static mortise_status on_message(void* socket, mortise_websocket* handle, mortise_bytes data, std::uint32_t is_text,
                                   mortise_error* error);
  static void on_close(void* socket, mortise_websocket* handle, std::uint32_t code, mortise_str reason);
  void describe_scope(Socket& socket);
  static void pass_on(Socket& socket);
  void tell_waiting();
  bool write_told(Call& call, const Socket& socket);
  bool refuse_told(Call& call, Socket& socket, std::uint64_t given_back);
  void tell(Call& call, Socket& socket);
  void take_accept(Call& call, const Completion& completion);
  void accept(Call& call, const Completion& completion, const SocketTerms& terms, const std::string& protocol);
  void take_heard(Call& call, const Completion& completion, Rest& rest);
  void end(Call& call, Rest& rest);
  void finish(const Rest& rest);

  // --- What handlers call of others (calls_contracts.cpp).
  void take_call(Call& call, const Completion& completion);
  bool begin_call(Call& call, std::uint32_t number);
  void make_calls(Call& call, std::uint64_t sequence, const runtime::ConePtr& cone, std::uint32_t first);
  std::optional<std::uint32_t> await_call(Call& call, std::uint64_t sequence);
  void note_called(Call& call, std::uint64_t sequence, Failed failed);
  void blame_provider(Call& call);

  void take(const Completion& completion);
  void take_of(Call& call, const Completion& completion, Rest& rest);
  void take_end(Call& call, const Completion& completion);
  void take_event(const Completion& completion);
  void take_task(const Completion& completion);
  void take_answer(Call& call, const Completion& completion);
  void take_write(Call& call, const Completion& completion);
  void take_read(Call& call, const Completion& completion);
  static void take_returned(Call& call);
  void take_done(Call& call, Rest& rest);
  void wait_elsewhere(Call& call, const Completion& completion);
  void finish_waiting(Call& call);
  mortise_status perform(mortise_http_exchange* exchange, const Completion& completion, std::uint64_t& value);

  // Under the call's mutex:
  void fail(Call& call, mortise_status status, std::string_view message);
  void answer(Call& call, unsigned http_status, std::string_view detail);
  void cut(Call& call);
  void forget_exchange(Call& call) noexcept { call.exchange = nullptr; }

  void reply(const Completion& completion, mortise_status status, std::uint64_t value = 0);

  const HostEnd end_;
  const std::shared_ptr<OutgoingCalls> outgoing_;
  const runtime::Generation& generation_;
  const mortise_http_v1& http_;
  const Means means_;
  std::array<Call, kCallCount> calls_;
  RingReader<Completion> completions_;  // the attendant's
  // Has the attendant look once more, which it is woken for after this is set: relaxed.
  std::atomic<bool> has_unheard_{false};
  Sockets sockets_;

  std::mutex mutex_;
  // Guarded by mutex_:
  RingWriter<std::uint32_t> submissions_;
  std::vector<std::uint32_t> free_;  // whose memory is warm last
  std::uint64_t sequence_ = 0;
  std::list<Socket*> telling_;    // those that wait for a call
  std::uint32_t told_ = 0;        // calls that are sockets'
  std::uint64_t told_bytes_ = 0;  // of theirs
  std::uint64_t given_back_ = 0;  // calls that ever were
  bool is_over_ = false;
};

}  // namespace mortise::isolation
