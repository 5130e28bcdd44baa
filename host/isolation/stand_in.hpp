// What stands in a host for a plugin that runs in a process of its own: the hooks, routes and offers of the plugin,
// each of which the worker is asked for. To everybody else it is a plugin like another one.
//
//  the generation's life | worker
//  init                  | is started, loads the image, runs its init; what that registers is registered here
//  from init to stop     | is started anew whenever it ends, and must register the same; who was inside gets a 503
//  stop                  | runs stop; when it ends from here on, it stays away; who is inside past the stop timeout
//                        | has it killed
//  destroy, unload       | runs destroy and ends; is killed where it does not
//
// One whose handlers hold all its threads, and do not give one back for the stop timeout after their deadlines, serves
// nobody: it is killed, and counts as one that has crashed.
//
// A plugin may have several workers: the first one's stand-in is the generation's, and has replicas, whose workers must
// register what the first did. Hooks go to all of them, requests and calls to one after the other.
#pragma once

#include <mortise/abi/assets.h>
#include <mortise/abi/contracts.h>
#include <mortise/abi/events.h>
#include <mortise/abi/health.h>
#include <mortise/abi/host.h>
#include <mortise/abi/state.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/restart_pause.hpp"
#include "isolation/calls.hpp"
#include "isolation/contract_calls.hpp"
#include "isolation/durable_task_calls.hpp"
#include "isolation/fork_server.hpp"
#include "isolation/growing_pool.hpp"
#include "isolation/talk.hpp"
#include "isolation/task_calls.hpp"
#include "isolation/worker_process.hpp"
#include "loader/code.hpp"
#include "runtime/generation.hpp"
#include "sandbox/control_group.hpp"
#include "telemetry/crash_mark.hpp"

namespace mortise::isolation {

/// The same for all plugins of a host; outlives them.
struct Settings {
  ForkServer* fork_server = nullptr;  // always there
  std::chrono::milliseconds init_timeout{10000};
  std::chrono::milliseconds stop_timeout{10000};
  std::uint64_t arena_max_bytes = 0;
  // In which workers get control groups of their own, or why they get none.
  base::Result<std::string> control_group = base::Error{base::ErrorCode::not_found, "the host has none"};
  /// A worker has ended that should not have, or another one is there. Any thread; must not wait.
  std::function<void()> on_change;
  /// It has crashed, of itself. Likewise.
  std::function<void(const telemetry::CrashMark&)> on_crash;
};

/// Owned by its generation. One thread, the attendant, has all to do with the worker: it starts and ends it, listens to
/// it, and takes its completions. Hooks wait for the attendant; handlers go past it (calls.hpp).
class StandIn final : public loader::Code {
 public:
  /// The generation's own; `settings` outlives it.
  StandIn(const Settings& settings, const runtime::GenerationSpec& spec) : StandIn(settings, spec, nullptr) {}
  ~StandIn() override;

  [[nodiscard]] const mortise_plugin_v1& plugin() const noexcept override { return plugin_; }
  [[nodiscard]] base::CodeRange range() const noexcept override { return {}; }
  bool unload() override;
  void keep_mapped() override {}
  [[nodiscard]] std::optional<loader::ProcessReport> process() const override;

 private:
  using Clock = std::chrono::steady_clock;

  /// Of text that a worker has sent, where people read it.
  static constexpr std::size_t kMostTextBytes = 300;

  /// One hook on its way through the worker and back. Owned by who waits for it.
  struct Hook {
    std::string name;
    nlohmann::json arguments = nlohmann::json::object();
    std::string bytes{};  // that go along
    std::chrono::milliseconds limit{};
    Clock::time_point overdue_at{};

    mortise_status status = MORTISE_UNAVAILABLE;
    std::string message{};
    Message answer{};
    std::string answer_bytes{};
    bool is_done = false;
  };
  /// What an init has registered, as text, and what came of it.
  struct Registered {
    std::string what;
    mortise_status status;
  };
  struct Mounted {
    std::string prefix;
    std::deque<std::pair<std::string, std::string>> files;  // path and bytes
  };
  /// One worker's life. The attendant's.
  struct Life {
    bool is_first = false;
    std::optional<sandbox::ControlGroup> group{};  // where it has limits for one; goes after the process
    WorkerProcess process;
    // What the worker wakes the attendant with: a pipe of its own, as whoever has an end of something can spoil it for
    // all who share it. The end for writing is kept so that the other one never looks closed.
    base::Descriptor called{};
    base::Descriptor calling{};
    Talk talk;
    std::shared_ptr<Breach> breach;
    std::shared_ptr<Calls> calls;
    std::shared_ptr<ContractCalls> contract_calls;
    std::string unlimited{};      // why not all of its limits are in force in its group
    std::string unlimited_cpu{};  // likewise, of that one
    std::string pieces{};         // what came before the next message
    Mounted mount{};              // whose files are coming
    std::size_t next_registered = 0;
    std::size_t registered_bytes = 0;  // of files, and of what they and all else are called
    bool has_told_sandbox = false;
    bool has_begun = false;  // its init has registered something, or returned
    bool is_ready = false;   // it has served, or might have
    Clock::time_point ready_at = Clock::time_point::max();
    bool is_unwanted = false;
    // When all of its threads will have been late for so long that it is killed, unless some come back.
    Clock::time_point stuck_at = Clock::time_point::max();
    std::string fault{};  // what it has done that none does; empty: nothing
    bool has_ended = false;
  };

  /// With `first`: a replica of it.
  StandIn(const Settings& settings, const runtime::GenerationSpec& spec, const StandIn* first);

  // --- All workers of the plugin (stand_in_replicas.cpp).
  [[nodiscard]] loader::ProcessReport report() const;
  mortise_status add_replicas(mortise_error* error);
  void begin_replica(const mortise_host_v1& host);
  base::Result<void> wait_until_ready();
  void call_all(Hook& hook);
  void note_stopped();
  void cut_from(Clock::time_point time);
  std::shared_ptr<Calls> calls_in_turn();
  std::shared_ptr<ContractCalls> contract_calls_in_turn();
  [[nodiscard]] std::size_t worker_count() const noexcept { return 1 + replicas_.size(); }
  [[nodiscard]] StandIn& worker(std::size_t number) noexcept { return number == 0 ? *this : *replicas_[number - 1]; }
  [[nodiscard]] const StandIn& first() const noexcept { return first_ == nullptr ? *this : *first_; }

  // --- The plugin's hooks (stand_in_hooks.cpp). [control thread]
  static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error);
  static void stop(void* self);
  static void destroy(void* self);
  static const void* get_interface(void* self, mortise_str id);
  static mortise_status check(void* self, mortise_error* error);
  static mortise_status export_snapshot(void* self, const mortise_state_writer_v1* writer, mortise_error* error);
  static mortise_status import_snapshot(void* self, std::uint32_t version, mortise_bytes state, mortise_error* error);
  static mortise_status export_rest(void* self, const mortise_state_writer_v1* writer, mortise_error* error);
  static mortise_status import_rest(void* self, std::uint32_t version, mortise_bytes state, mortise_error* error);
  static mortise_status handle(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                               mortise_error* error);
  static mortise_status call_contract(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply);
  static std::uint8_t* reserve_request(void* self, std::uint64_t size);
  mortise_status begin(const mortise_host_v1& host, mortise_error* error);
  mortise_status begin_tasks(mortise_error* error);
  mortise_status export_part(const char* part, const mortise_state_writer_v1& writer, mortise_error* error);
  mortise_status import_part(const char* part, std::uint32_t version, mortise_bytes state, mortise_error* error);
  void call(Hook& hook);
  void post(Hook& hook);
  void await(const Hook& hook);

  // --- The attendant (stand_in_attendant.cpp).
  void attend();
  bool live(bool is_first);
  base::Result<Life> start_worker(bool is_first);
  void initialise_again(Life& life);
  [[nodiscard]] std::chrono::milliseconds time_to_initialise() const;
  bool run_own_hook(Life& life, Hook& hook);
  void turn(Life& life);
  void take_turn(Life& life);
  void sleep(Life& life);
  bool take_posted_hook(Life& life);
  void begin_hook(Life& life, Hook& hook);
  void end_hook(mortise_status status, std::string message);
  void serve_from(Life& life);
  void kill_overdue(Life& life);
  void kill_stuck(Life& life);
  [[nodiscard]] Clock::time_point time_of_stuck(Life& life) const;
  [[nodiscard]] int milliseconds_to_sleep(const Life& life) const;
  bool pause(bool is_explained);

  // --- Its limits and its end (stand_in_end.cpp). The attendant's.
  void confine(Life& life) const;
  static bool is_out_of_memory(const Life& life, const base::ProcessEnd& end);
  static bool is_explained(const Life& life, const base::ProcessEnd& end);
  void end_life(Life& life);
  void note_end(const Life& life, const base::ProcessEnd& end, pid_t pid);
  void set_trouble(const std::string& trouble);

  // --- What the worker says (stand_in_talk.cpp). The attendant's.
  bool listen(Life& life);
  void hear(Life& life, Message& message);
  void hear_done(Life& life, Message& message);
  void note_closed_channel(Life& life);
  void note_sandbox(Life& life, const Message& message);
  void hear_ask(Life& life, const Message& message);
  void hear_log(const Message& message) const;
  mortise_status register_what(Life& life, const Message& message, mortise_error* error);
  mortise_status add_route(Life& life, const Message& message, mortise_error* error);
  mortise_status mount_files(Life& life, const Message& message, mortise_error* error);
  mortise_status mount_directory(Life& life, const Message& message, mortise_error* error);
  mortise_status provide(Life& life, const Message& message, mortise_error* error);
  mortise_status require(Life& life, const Message& message, mortise_error* error);
  mortise_status open_topic(Life& life, const Message& message, mortise_error* error);
  mortise_status publish(std::uint64_t topic, std::string_view key, mortise_bytes bytes) const;
  mortise_status register_once(Life& life, std::string what, mortise_error* error,
                               const std::function<mortise_status()>& do_register);
  void count_bytes(Life& life, std::size_t bytes);

  const Settings& settings_;
  const runtime::GenerationSpec& spec_;
  const StandIn* const first_;                      // outlives it; null: it is the first
  std::atomic<std::size_t> turn_{0};                // of requests; a count, which orders nothing: relaxed
  std::vector<std::unique_ptr<StandIn>> replicas_;  // made in init, before anybody asks
  mortise_plugin_v1 plugin_{};
  mortise_health_v1 health_{};
  mortise_state_v1 state_{};
  const mortise_host_v1* host_ = nullptr;  // from init on
  const mortise_http_v1* http_ = nullptr;
  const mortise_events_v1* events_ = nullptr;  // from init on
  bool has_state_ = false;                     // written in init, before anybody asks
  Clock::time_point init_until_{};             // likewise: when the first workers of the plugin must have done so

  std::unique_ptr<GrowingPool> waiting_;      // of who waits for clients
  std::unique_ptr<GrowingPool> calling_;      // of who calls other plugins for its handlers
  std::unique_ptr<GrowingPool> storing_;      // of what its database does
  std::deque<ForwardedRoute> routes_;         // the first's attendant's, in init; never changes after
  std::deque<ForwardedContract> contracts_;   // likewise
  std::vector<ForwardedSlot> slots_;          // likewise
  std::vector<mortise_event_topic*> topics_;  // likewise
  std::deque<Mounted> mounted_;               // likewise
  TaskCalls tasks_;
  DurableTaskCalls durable_tasks_{[this] { return contract_calls_in_turn(); }};
  std::vector<Registered> registered_;  // likewise: in the order of registration
  base::RestartPause pause_;            // the attendant's
  bool has_served_ = false;             // the attendant's; a worker that comes from here on takes one's place
  Hook* running_hook_ = nullptr;        // the attendant's; the worker is at it

  base::Descriptor wake_;  // readable when the host has something for the attendant to look at; no worker has it
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::shared_ptr<Calls> calls_;                   // null: there is no worker that serves
  std::shared_ptr<ContractCalls> contract_calls_;  // likewise
  Hook* posted_hook_ = nullptr;
  bool has_health_ = false;   // from the first init on
  bool is_attended_ = false;  // hooks are taken
  bool is_ending_ = false;    // unload has begun
  bool is_stopped_ = false;   // stop, or destroy, has begun
  bool has_failed_ = false;   // a worker has, or could not be started
  // From when on requests that are still inside have the worker killed: the edge has cut them by then.
  std::optional<Clock::time_point> cut_at_;
  loader::ProcessReport report_;

  std::thread attendant_;
};

}  // namespace mortise::isolation
