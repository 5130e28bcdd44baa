// The thread that has all to do with a plugin's worker: its start, its hooks, its completions and its end.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "base/strings.hpp"
#include "http/exchange.hpp"
#include "isolation/stand_in.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {

using telemetry::Level;

namespace {

// A plugin that ends its process whenever that is ready does so sooner.
constexpr std::chrono::milliseconds kSettled{50};
// Of a worker that does nothing yet, with all its libraries.
constexpr std::uint64_t kOwnMemory = std::uint64_t{128} << 20U;

int milliseconds_until(std::chrono::steady_clock::time_point time) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - std::chrono::steady_clock::now()).count();
  constexpr long long kMost = 3'600'000;  // a later time is waited for in several steps
  return static_cast<int>(std::clamp<long long>(left, 0, kMost));
}

void note_providers_failure(mortise_http_exchange* exchange) {
  http::Exchange::from(exchange).note_providers_failure();
}

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

bool is_killed(const base::ProcessEnd& end) {
  return end.how == base::ProcessEnd::How::signalled && end.code == SIGKILL;
}

std::string signal_of(const base::ProcessEnd& end) {
  if (end.how != base::ProcessEnd::How::signalled) return "exit";
  const char* const name = ::sigabbrev_np(end.code);
  return name == nullptr ? std::to_string(end.code) : std::string("SIG") + name;
}

}  // namespace

void StandIn::attend() {
  const auto& generation = runtime::Generation::from(host_->host);
  const telemetry::LogScope scope(generation.name(), generation.number_text(), {});
  for (bool is_first = first_ == nullptr; live(is_first); is_first = false) continue;
  const std::lock_guard lock(mutex_);
  is_attended_ = false;
  report_.pid = 0;
  if (auto* const hook = std::exchange(posted_hook_, nullptr)) {
    hook->message = "there is no process that runs the plugin: " + report_.trouble;
    hook->is_done = true;
  }
  changed_.notify_all();
}

/// One worker, from its start to its end. True: there is to be another one.
bool StandIn::live(bool is_first) {
  auto started = start_worker(is_first);
  if (!started) {
    telemetry::log(Level::error, "isolation", "a worker cannot be started", {{"reason", started.error().message}});
    set_trouble(started.error().message);
    return !is_first && pause(false);
  }
  auto& life = *started;
  if (!is_first) initialise_again(life);
  while (!life.has_ended) turn(life);
  const auto pid = life.process.pid();
  end_life(life);
  const auto end = life.process.wait();
  note_end(life, end, pid);
  // And not by what it does as soon as it is there.
  const bool is_from_outside = is_explained(life, end) && Clock::now() - life.ready_at >= kSettled;
  return (!is_first || life.is_ready) && pause(is_from_outside);
}

base::Result<StandIn::Life> StandIn::start_worker(bool is_first) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return base::Error{base::ErrorCode::resource_exhausted, std::string("cannot make a pipe: ") + std::strerror(errno)};
  }
  base::Descriptor called(pipe[0]);
  base::Descriptor calling(pipe[1]);
  auto area = Area::make();
  if (!area) return area.error();
  auto ends = Talk::make();
  if (!ends) return ends.error();
  auto process = settings_.fork_server->start_worker(ends->second.get(), (*area)->descriptor(), calling.get());
  if (!process) return process.error();
  const auto& generation = runtime::Generation::from(host_->host);
  const auto end = HostEnd::make(*area, [this] { ::eventfd_write(wake_.get(), 1); });
  const auto outgoing = std::make_shared<OutgoingCalls>(end, first().slots_);
  Life life{.is_first = is_first,
            .process = std::move(*process),
            .called = std::move(called),
            .calling = std::move(calling),
            .talk = Talk(std::move(ends->first)),
            .breach = end.breach,
            .calls = std::make_shared<Calls>(end, outgoing, generation, *http_,
                                             Means{.waiting = *waiting_,
                                                   .calling = *calling_,
                                                   .note_providers_failure = &note_providers_failure,
                                                   .sockets = http::websockets_elsewhere(),
                                                   .on_unheard = [this] { ::eventfd_write(wake_.get(), 1); }}),
            .contract_calls = std::make_shared<ContractCalls>(end, outgoing, generation, spec_.workers > 1)};
  life.talk.limit_heads(kMostWorkerHead);
  confine(life);
  return life;
}

/// By a control group, before the worker runs anything of the plugin's.
void StandIn::confine(Life& life) const {
  const auto& allowed = spec_.confinement;
  sandbox::GroupLimits limits{.memory_bytes = allowed.memory_bytes, .cpu_percent = allowed.cpu_percent};
  if (limits.are_none()) return;
  // What it allocates is bounded otherwise, and sooner; beside that there is what it has in common with the host.
  if (limits.memory_bytes > 0) limits.memory_bytes += sizeof(AreaMemory) + kOwnMemory;
  auto made = !settings_.control_group ? base::Result<sandbox::ControlGroup>(settings_.control_group.error())
                                       : sandbox::ControlGroup::make(*settings_.control_group, spec_.manifest->name,
                                                                     life.process.pid(), limits);
  if (!made) {
    life.unlimited = made.error().message;
    if (limits.cpu_percent > 0) life.unlimited_cpu = life.unlimited;
    return;
  }
  life.unlimited = made->missing().to_string();
  life.unlimited_cpu = made->missing().cpu;
  life.group.emplace(std::move(*made));
}

/// Whether the system has killed it for what it has taken itself.
bool StandIn::is_out_of_memory(const Life& life, const base::ProcessEnd& end) {
  return life.fault.empty() && is_killed(end) && life.group && life.group->has_run_out_of_memory();
}

/// Ended from outside, as by the system when there is no memory left for anybody: that is no crash of the plugin's.
bool StandIn::is_explained(const Life& life, const base::ProcessEnd& end) {
  return life.fault.empty() && is_killed(end) && !is_out_of_memory(life, end);
}

/// Whoever takes another one's place has to do what that did. Its state is lost.
void StandIn::initialise_again(Life& life) {
  Hook init{.name = "init", .limit = time_to_initialise()};
  bool is_fit = run_own_hook(life, init);
  bool has_answered = init.is_done;
  std::string message = init.message;
  if (is_fit && life.next_registered < first().registered_.size()) {
    is_fit = false;
    message = "it registers less than at its first start";
  }
  bool has_health = false;
  {
    const std::lock_guard lock(first().mutex_);
    has_health = first().has_health_;
  }
  if (is_fit && has_health) {
    Hook check{.name = "check", .limit = time_to_initialise()};
    is_fit = run_own_hook(life, check);
    has_answered = check.is_done;
    message = check.message;
  }
  if (is_fit) return serve_from(life);
  if (life.has_ended && !has_answered) return;  // of which its end tells
  life.is_unwanted = true;
  telemetry::log(Level::error, "isolation", "a worker that was started anew is not fit", {{"reason", message}});
  set_trouble(message);
  life.process.kill();
}

/// A plugin's first workers have one init timeout together: the generation's.
std::chrono::milliseconds StandIn::time_to_initialise() const {
  if (first_ == nullptr || has_served_) return settings_.init_timeout;
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(first_->init_until_ - Clock::now()),
                  std::chrono::milliseconds(0));
}

bool StandIn::run_own_hook(Life& life, Hook& hook) {
  begin_hook(life, hook);
  while (!hook.is_done && !life.has_ended) turn(life);
  if (!hook.is_done) running_hook_ = nullptr;
  return hook.is_done && hook.status == MORTISE_OK;
}

/// Requests go there from here on.
void StandIn::serve_from(Life& life) {
  life.is_ready = true;
  const bool is_anew = std::exchange(has_served_, true);
  life.ready_at = Clock::now();
  pause_.note_ready(Clock::now());
  {
    const std::lock_guard lock(mutex_);
    calls_ = life.calls;
    contract_calls_ = life.contract_calls;
    report_.pid = life.process.pid();
    if (is_anew) ++report_.restarts;
  }
  changed_.notify_all();
  if (!is_anew) return;
  telemetry::log(Level::info, "isolation", "worker started anew", {{"pid", std::to_string(life.process.pid())}});
  settings_.on_change();
}

/// What the host has no memory or threads for ends the worker, not the host.
void StandIn::turn(Life& life) {
  try {
    take_turn(life);
  } catch (const std::bad_alloc&) {
    life.fault = "out of memory";
  } catch (const std::exception& error) {
    life.fault = error.what();
  }
}

/// Does what there is to do, or waits until there is something.
void StandIn::take_turn(Life& life) {
  const bool has_begun = running_hook_ == nullptr && take_posted_hook(life);
  const bool has_heard = listen(life);
  const bool has_more = life.fault.empty() && life.calls->take_some();
  if (life.fault.empty()) life.fault = life.breach->what();
  if (life.fault.empty() && !has_more) kill_stuck(life);
  if (!life.fault.empty()) life.process.kill();
  kill_overdue(life);
  if (!has_begun && !has_heard && !has_more) sleep(life);
}

void StandIn::sleep(Life& life) {
  if (!life.calls->prepare_to_sleep() && life.fault.empty()) return;
  std::array<pollfd, 4> wait{pollfd{.fd = life.process.ending(), .events = POLLIN, .revents = 0},
                             pollfd{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                             pollfd{.fd = life.called.get(), .events = POLLIN, .revents = 0},
                             pollfd{.fd = life.talk.descriptor(), .events = POLLIN, .revents = 0}};
  // Of one that is to be killed nothing more is wanted to be heard.
  const nfds_t count = life.fault.empty() ? wait.size() : 1;
  ::poll(wait.data(), count, life.fault.empty() ? milliseconds_to_sleep(life) : -1);
  life.calls->wake_up();
  if (wait[1].revents != 0) {
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.get(), &ignored);
  }
  if (wait[2].revents != 0) {
    std::array<char, 256> ignored;  // more than this wakes the attendant once more
    static_cast<void>(!::read(life.called.get(), ignored.data(), ignored.size()));
  }
  if (wait[0].revents == 0) return;
  // What it has said before its end counts.
  while (life.fault.empty() && listen(life)) continue;
  while (life.fault.empty() && life.calls->take_some()) continue;
  life.has_ended = true;
}

/// -1: for ever.
int StandIn::milliseconds_to_sleep(const Life& life) const {
  auto until = life.stuck_at;
  if (running_hook_ != nullptr) until = std::min(until, running_hook_->overdue_at);
  const std::lock_guard lock(mutex_);
  if (cut_at_) until = std::min(until, *cut_at_);
  return until == Clock::time_point::max() ? -1 : milliseconds_until(until);
}

bool StandIn::take_posted_hook(Life& life) {
  Hook* hook = nullptr;
  {
    const std::lock_guard lock(mutex_);
    hook = std::exchange(posted_hook_, nullptr);
    changed_.notify_all();
  }
  if (hook != nullptr) begin_hook(life, *hook);
  return hook != nullptr;
}

void StandIn::begin_hook(Life& life, Hook& hook) {
  running_hook_ = &hook;
  hook.overdue_at = Clock::now() + hook.limit;
  nlohmann::json head = hook.arguments;
  head["say"] = say::kHook;
  head["name"] = hook.name;
  if (hook.name == "init") {
    head["generation"] = runtime::Generation::from(host_->host).number();
    head["image"] = spec_.image;
    head["sha256"] = spec_.sha256;
    head["config"] = spec_.config_text;
    head["data_directory"] = spec_.data_directory;
    head["sandbox_is_required"] = spec_.confinement.is_required ? 1 : 0;
    head["may_connect"] = spec_.confinement.may_connect ? 1 : 0;
    head["memory_bytes"] = spec_.confinement.memory_bytes;
    head["cpu_percent"] = spec_.confinement.cpu_percent;
    head["unlimited"] = life.unlimited;
    head["unlimited_cpu"] = life.unlimited_cpu;
    head["arena_max_bytes"] = settings_.arena_max_bytes;
    head["level"] = static_cast<int>(telemetry::enabled_level());
  }
  life.talk.limit_sending(hook.overdue_at);
  if (!life.talk.send_all(head, hook.bytes)) life.process.kill();
}

/// Also of one that has no chance any more.
void StandIn::end_hook(mortise_status status, std::string message) {
  auto* const hook = std::exchange(running_hook_, nullptr);
  if (hook == nullptr) return;
  const std::lock_guard lock(mutex_);
  hook->status = status;
  hook->message = std::move(message);
  hook->is_done = true;
  changed_.notify_all();
}

void StandIn::kill_overdue(Life& life) {
  {
    const std::lock_guard lock(mutex_);
    if (is_ending_ && life.fault.empty()) {
      life.fault = "it is unloaded";  // from here on it is not listened to, whatever it says
      life.process.kill();
    }
    if (is_stopped_ && !life.is_ready && !life.is_first) {
      life.is_unwanted = true;  // nobody waits for it to be ready
      life.process.kill();
    }
    const bool is_time = cut_at_ && Clock::now() >= *cut_at_;
    if (is_time) cut_at_.reset();
    if (is_time && life.calls->is_anybody_inside()) {
      telemetry::log(Level::warning, "isolation", "a worker is killed: requests are inside past the stop timeout");
      life.is_unwanted = true;
      life.process.kill();
    }
  }
  if (running_hook_ == nullptr || Clock::now() < running_hook_->overdue_at) return;
  const auto name = running_hook_->name;
  const auto limit = std::to_string(running_hook_->limit.count());
  end_hook(MORTISE_DEADLINE_EXCEEDED,
           name + " did not return within " + limit + " ms, and its process was killed for it");
  telemetry::log(Level::error, "isolation", "a worker is killed: its hook does not return",
                 {{"hook", name}, {"limit_ms", limit}});
  life.is_unwanted = true;
  life.process.kill();
}

/// Looked for when a request has come to its end before its handler has, as each does for which there is no thread.
void StandIn::kill_stuck(Life& life) {
  if (!life.calls->take_unheard() && Clock::now() < life.stuck_at) return;
  life.stuck_at = time_of_stuck(life);
  if (Clock::now() < life.stuck_at) return;
  life.fault = "handlers hold all of its threads, past their deadlines";
}

/// When as many handlers as there are threads will be late by more than the stop timeout.
StandIn::Clock::time_point StandIn::time_of_stuck(Life& life) const {
  auto deadlines = life.calls->deadlines_at_work();
  const auto threads = runtime::Generation::from(host_->host).containment().threads();
  const std::size_t most = threads == 0 ? kMostThreads : threads;
  if (deadlines.size() < most) return Clock::time_point::max();
  const auto last = deadlines.begin() + static_cast<std::ptrdiff_t>(most) - 1;
  std::nth_element(deadlines.begin(), last, deadlines.end());
  const auto never = Clock::time_point::max();
  return *last == never ? never : *last + settings_.stop_timeout;
}

/// Nobody is sent there any more, and nobody waits for it any more.
void StandIn::end_life(Life& life) {
  {
    const std::lock_guard lock(mutex_);
    calls_.reset();
    contract_calls_.reset();
    report_.pid = 0;
  }
  life.calls->end();
  life.contract_calls->end();
}

/// Says so where it was not meant to end; a crash is one only where that says something of the plugin.
void StandIn::note_end(const Life& life, const base::ProcessEnd& end, pid_t pid) {
  auto how = life.fault.empty() ? end.describe() : "was killed: " + life.fault;
  if (is_out_of_memory(life, end)) how += ": it had more in memory than limits.memory_bytes allows";
  end_hook(MORTISE_UNAVAILABLE, "the process that runs the plugin " + how);
  bool is_meant = life.is_unwanted;
  {
    const std::lock_guard lock(mutex_);
    const bool is_orderly = end.how == base::ProcessEnd::How::exited && end.code == 0;
    is_meant |= is_ending_ || (is_stopped_ && is_orderly);
  }
  if (is_meant) return;
  set_trouble("its process " + how);
  telemetry::log(Level::error, "isolation", "worker has ended", {{"pid", std::to_string(pid)}, {"reason", how}});
  if (!is_explained(life, end) && (life.is_ready || has_served_)) {
    const auto& generation = runtime::Generation::from(host_->host);
    settings_.on_crash({.pid = pid,
                        .time_ms = now_ms(),
                        .signal = life.fault.empty() ? signal_of(end) : life.fault,
                        .plugin = generation.name(),
                        .generation = generation.number(),
                        .sha256 = spec_.sha256,
                        .entered = generation.name()});
  }
  settings_.on_change();
}

void StandIn::set_trouble(const std::string& trouble) {
  const std::lock_guard lock(mutex_);
  report_.trouble = base::printable(trouble, kMostTextBytes);
  has_failed_ = true;
  changed_.notify_all();
}

/// True: it is time for the next one.
bool StandIn::pause(bool is_explained) {
  const auto until = Clock::now() + pause_.after_crash(Clock::now(), is_explained);
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (is_ending_ || is_stopped_) return false;
      if (auto* const hook = std::exchange(posted_hook_, nullptr)) {
        hook->message = "there is no process that runs the plugin: " + report_.trouble;
        hook->is_done = true;
        changed_.notify_all();
      }
    }
    if (Clock::now() >= until) return true;
    pollfd wait{.fd = wake_.get(), .events = POLLIN, .revents = 0};
    ::poll(&wait, 1, milliseconds_until(until));
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.get(), &ignored);
  }
}

}  // namespace mortise::isolation
