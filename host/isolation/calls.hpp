// The requests that are inside one worker, as the host sees them. A request is deferred, written down in shared memory
// and submitted; what the worker says of it is taken by its plugin's attendant (stand_in.hpp), which answers through
// mortise.http/1 as any plugin does.
#pragma once

#include <mortise/abi/http.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "isolation/growing_pool.hpp"
#include "isolation/host_end.hpp"
#include "isolation/outgoing_calls.hpp"
#include "isolation/ring.hpp"
#include "runtime/generation.hpp"
#include "runtime/scope.hpp"

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
  [[nodiscard]] bool is_anybody_inside();
  /// The worker is gone: answers whoever is inside with a 503, and whoever comes from now on.
  void end();

 private:
  /// Slot of one request. What is not marked is written while the call is taken and not active.
  struct Call {
    Calls* owner = nullptr;
    std::uint32_t number = 0;
    std::uint64_t sequence = 0;
    const ForwardedRoute* route = nullptr;
    std::string request_id;
    runtime::Scope::Time deadline;
    std::uint8_t* block = nullptr;  // of the host's heap; null: the request lies in the call's own place

    std::mutex mutex;
    // Guarded by mutex:
    bool is_active = false;
    mortise_http_exchange* exchange = nullptr;  // null: it has been ended
    bool is_started = false;
    bool is_to_be_cut = false;  // as soon as nobody is busy with it
    unsigned busy = 0;          // threads that wait for its client
    // What the handler can reach, while it may call anybody; null: it cannot, or has returned.
    runtime::ConePtr cone{};
    Failed failed_through{};  // the last call of the handler's, if that has failed
    bool is_calling = false;  // a call of the handler's is under way
  };

  Call* take_free();
  void give_back(Call& call);
  void prepare(Call& call, const ForwardedRoute& route, const mortise_http_request_v1& request,
               mortise_http_exchange* exchange);
  bool write_request(Call& call, const mortise_http_request_v1& request, const std::string& bindings);
  static void on_client_gone(void* call);

  void take(const Completion& completion);
  void take_end(Call& call, const Completion& completion);
  void take_answer(Call& call, const Completion& completion);
  void take_write(Call& call, const Completion& completion);
  void take_read(Call& call, const Completion& completion);
  void take_call(Call& call, const Completion& completion);
  void take_done(Call& call);
  void note_called(Call& call, std::uint64_t sequence, Failed failed);
  void blame_provider(Call& call);
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

  std::mutex mutex_;
  // Guarded by mutex_:
  RingWriter<std::uint32_t> submissions_;
  std::vector<std::uint32_t> free_;  // whose memory is warm last
  std::uint64_t sequence_ = 0;
  bool is_over_ = false;
};

}  // namespace mortise::isolation
