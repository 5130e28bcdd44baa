// The thread that has all to do with a plugin's worker: its start, its hooks, and its completions.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "http/exchange.hpp"
#include "isolation/stand_in.hpp"
#include "sql/sql.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {

using telemetry::Level;

namespace {

// A plugin that ends its process whenever that is ready does so sooner.
constexpr std::chrono::milliseconds kSettled{50};
int milliseconds_until(std::chrono::steady_clock::time_point time) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - std::chrono::steady_clock::now()).count();
  constexpr long long kMost = 3'600'000;  // a later time is waited for in several steps
  return static_cast<int>(std::clamp<long long>(left, 0, kMost));
}

void note_providers_failure(mortise_http_exchange* exchange) {
  http::Exchange::from(exchange).note_providers_failure();
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
  auto* const databases = dynamic_cast<sql::Sql*>(generation.service_of(MORTISE_SQL_V1));
  const auto database = databases == nullptr ? nullptr : databases->find(generation);
  // Also the next version's migrations wait for what it writes.
  const auto longest_transaction = [&containment = generation.containment()] {
    constexpr std::chrono::milliseconds kWithoutDeadline{60000};
    return std::max(containment.deadline(), kWithoutDeadline);
  };
  const auto database_calls =
      database == nullptr ? nullptr
                          : std::make_shared<DatabaseCalls>(end, outgoing, database, *storing_, longest_transaction);
  const auto contract_calls = std::make_shared<ContractCalls>(end, outgoing, generation, spec_.workers > 1);
  Life life{.is_first = is_first,
            .process = std::move(*process),
            .called = std::move(called),
            .calling = std::move(calling),
            .talk = Talk(std::move(ends->first)),
            .breach = end.breach,
            .calls = std::make_shared<Calls>(
                end, outgoing, generation, *http_,
                Means{.waiting = *waiting_,
                      .calling = *calling_,
                      .note_providers_failure = &note_providers_failure,
                      .sockets = http::websockets_elsewhere(),
                      .on_unheard = [this] { ::eventfd_write(wake_.get(), 1); },
                      .database = database_calls,
                      .add_task = [this, contract_calls](
                                      const mortise_task_v1& task) { return tasks_.add(contract_calls, task); },
                      .cancel_task = [this, contract_calls](std::uint64_t tag) { tasks_.cancel(contract_calls, tag); },
                      .publish = [this](std::uint64_t topic, std::string_view key,
                                        mortise_bytes bytes) { return first().publish(topic, key, bytes); }}),
            .contract_calls = contract_calls};
  life.talk.limit_heads(kMostWorkerHead);
  confine(life);
  return life;
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
