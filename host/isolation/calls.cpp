#include "isolation/calls.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "base/strings.hpp"
#include "http/response_writer.hpp"
#include "isolation/calling.hpp"
#include "isolation/futex.hpp"
#include "isolation/http_form.hpp"
#include "isolation/steady_ns.hpp"
#include "runtime/abi_values.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {
namespace {

/// Only such a one can become a WebSocket.
bool asks_for_upgrade(const mortise_http_request_v1& request) {
  const std::span<const mortise_http_field> headers(request.headers, static_cast<std::size_t>(request.header_count));
  return std::any_of(headers.begin(), headers.end(), [](const mortise_http_field& header) {
    return base::equals_ignoring_case(runtime::to_view(header.name), "Upgrade");
  });
}

runtime::Scope::Time deadline_of(std::uint64_t left_ms) {
  if (left_ms == UINT64_MAX) return runtime::Scope::Time::max();
  return runtime::Scope::Time::clock::now() + std::chrono::milliseconds(left_ms);
}

}  // namespace

void answer_problem(const mortise_http_v1& http, mortise_http_exchange* exchange, unsigned http_status,
                    std::string_view request_id, std::string_view detail) {
  const auto body = http::problem_document(http_status, request_id, detail);
  const std::array<mortise_http_field, 2> fields{
      {{runtime::to_abi("Content-Type"), runtime::to_abi("application/problem+json")},
       {runtime::to_abi("Retry-After"), runtime::to_abi("1")}}};
  const mortise_http_response_v1 response{.struct_size = sizeof response,
                                          .status = http_status,
                                          .headers = fields.data(),
                                          .header_count = http_status == 503 ? fields.size() : 1,
                                          .body = {reinterpret_cast<const std::uint8_t*>(body.data()), body.size()}};
  // A client that is gone hears nothing; a status that no answer may have (499) is a 500 to the edge.
  if (http.respond(exchange, &response) == MORTISE_INVALID_ARGUMENT) http.abort(exchange);
}

Calls::Calls(HostEnd end, std::shared_ptr<OutgoingCalls> outgoing, const runtime::Generation& generation,
             const mortise_http_v1& http, const Means& means)
    : end_(std::move(end)),
      outgoing_(std::move(outgoing)),
      generation_(generation),
      http_(http),
      means_(means),
      completions_(end_.area->memory().completions),
      sockets_(end_, means.sockets),
      submissions_(end_.area->memory().submissions) {
  for (std::uint32_t i = 0; i < kCallCount; ++i) {
    calls_[i].owner = this;
    calls_[i].number = i;
    free_.push_back(kCallCount - 1 - i);
  }
}

Calls::Call* Calls::take_free() {
  const std::lock_guard lock(mutex_);
  if (is_over_ || free_.empty()) return nullptr;
  auto& call = calls_[free_.back()];
  free_.pop_back();
  call.sequence = ++sequence_;
  call.is_told = false;
  return &call;
}

/// True: a socket waits for one.
bool Calls::give_back(Call& call) {
  if (call.block != nullptr) end_.heap->free(std::exchange(call.block, nullptr));
  const std::lock_guard lock(mutex_);
  note_free(call);
  return !telling_.empty();
}

/// Under mutex_. Its memory is free already: who sees that nothing is told any more finds the heap as it says.
void Calls::note_free(Call& call) {
  free_.push_back(call.number);
  ++given_back_;
  if (!call.is_told) return;
  --told_;
  told_bytes_ -= call.told_bytes;
}

mortise_status Calls::submit(const ForwardedRoute& route, mortise_http_exchange* exchange,
                             const mortise_http_request_v1& request) {
  const auto refuse = [&](std::string_view why) {
    answer_problem(http_, exchange, 503, runtime::to_view(request.id), why);
    return MORTISE_OK;
  };
  auto* const call = take_free();
  if (call == nullptr) return refuse("too many requests are inside the plugin, or its process is being started");
  const auto bindings = outgoing_->has_any() ? outgoing_->describe(runtime::Scope::current()->table()) : std::string();
  call->trace.reset();
  if (const auto* const log = telemetry::LogScope::current(); log != nullptr && log->trace != nullptr) {
    call->trace = *log->trace;
  }
  const auto give_up = [&] {
    if (give_back(*call)) tell_waiting();
  };
  if (!write_request(*call, request, bindings)) {
    give_up();
    return refuse("too much is inside the plugin at this moment");
  }
  const bool may_be_socket = asks_for_upgrade(request);
  if (may_be_socket) means_.sockets.expect(exchange);
  // Before the worker knows of it: what it says comes on another thread.
  if (const auto deferred = http_.defer(exchange); deferred != MORTISE_OK) {
    give_up();
    return deferred;
  }
  const bool needs_cone = may_be_socket || outgoing_->has_any();
  prepare(*call, route, request, exchange, needs_cone ? runtime::Scope::current()->cone() : nullptr);
  return MORTISE_OK;
}

bool Calls::write_request(Call& call, const mortise_http_request_v1& request, const std::string& bindings) {
  auto& memory = end_.area->memory().calls[call.number];
  const auto size = form_size(request);
  const auto trace = call.trace ? std::string_view(call.trace->parent) : std::string_view();
  const auto whole = size + bindings.size() + trace.size();
  auto* place = memory.request.data();
  if (whole > kDirectBytes) {
    place = call.block = end_.heap->allocate(whole);
    if (place == nullptr) return false;
  }
  write_form(request, place);
  std::copy(trace.begin(), trace.end(), std::copy(bindings.begin(), bindings.end(), place + size));
  memory.bindings_size = static_cast<std::uint32_t>(bindings.size());
  memory.trace_size = static_cast<std::uint32_t>(trace.size());
  memory.offset = end_.area->offset_of(place);
  memory.size = size;
  return true;
}

/// From here on the exchange is answered for by who takes completions, or by end().
void Calls::prepare(Call& call, const ForwardedRoute& route, const mortise_http_request_v1& request,
                    mortise_http_exchange* exchange, runtime::ConePtr cone) {
  auto& memory = end_.area->memory().calls[call.number];
  const std::lock_guard own(call.mutex);
  call.route = &route;
  call.request_id = runtime::to_view(request.id);
  call.exchange = exchange;
  call.is_started = false;
  call.is_to_be_cut = false;
  call.is_active = true;
  call.has_returned = false;
  call.failed_through = {};
  call.is_calling = false;
  call.cone = std::move(cone);
  // Of one whose client has gone already nothing is left to read; its handler has what any other has.
  const auto* const scope = runtime::Scope::current();
  const bool is_unheard = scope != nullptr && scope->is_unheard();
  call.deadline = is_unheard ? deadline_of_plugin() : deadline_of(http_.time_left_ms(exchange));
  call.until.store(call.deadline, std::memory_order_relaxed);
  memory.sequence = call.sequence;
  memory.route = route.number;
  memory.deadline_ns = to_ns(call.deadline);
  const auto listening = http_.on_close(exchange, &on_client_gone, &call);
  if (listening != MORTISE_OK || is_unheard) {
    call.until.store(runtime::Scope::kUnheard, std::memory_order_relaxed);
    memory.gone.store(call.sequence, std::memory_order_relaxed);
  }
  if (push(call)) return;
  fail(call, MORTISE_UNAVAILABLE, kWorkerIsGone);
  call.is_active = false;
  call.cone.reset();
}

runtime::Scope::Time Calls::deadline_of_plugin() const {
  const auto limit = generation_.containment().deadline();
  return limit.count() == 0 ? runtime::Scope::Time::max() : runtime::Scope::Time::clock::now() + limit;
}

/// Under the call's mutex. False: there is no worker; end() has been there, or waits for that mutex to find the call
/// inactive.
bool Calls::push(Call& call) {
  bool is_to_wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (is_over_) return false;
    is_to_wake = submissions_.push(call.number) == RingWriter<std::uint32_t>::Pushed::to_empty;
    call.place = submissions_.written();
    is_to_wake = is_to_wake && submissions_.has_sleepers();
  }
  end_.area->memory().most_threads.store(generation_.containment().threads(), std::memory_order_relaxed);
  if (is_to_wake) futex_wake(end_.area->memory().submissions.tail, 1);
  return true;
}

/// On a thread of the edge, which must not wait: the worker's own threads look for whom it is.
void Calls::on_client_gone(void* self) {
  auto& call = *static_cast<Call*>(self);
  // It is called past the deadline, too.
  const bool is_late = call.until.load(std::memory_order_relaxed) <= runtime::Scope::Time::clock::now();
  if (!is_late) call.until.store(runtime::Scope::kUnheard, std::memory_order_relaxed);
  auto& memory = call.owner->end_.area->memory();
  memory.calls[call.number].gone.store(call.sequence, std::memory_order_relaxed);
  memory.gone_count.fetch_add(1, std::memory_order_release);
  futex_wake(memory.gone_count, 1);
  call.owner->has_unheard_.store(true, std::memory_order_relaxed);
  call.owner->means_.on_unheard();
}

bool Calls::prepare_to_sleep() {
  end_.area->memory().completions.sleepers.store(1);
  if (completions_.is_empty()) return true;
  wake_up();
  return false;
}

void Calls::wake_up() { end_.area->memory().completions.sleepers.store(0, std::memory_order_relaxed); }

bool Calls::is_anybody_inside() {
  if (sockets_.has_any()) return true;
  const std::lock_guard lock(mutex_);
  return free_.size() < kCallCount;
}

std::vector<runtime::Scope::Time> Calls::deadlines_at_work() {
  std::vector<runtime::Scope::Time> deadlines;
  std::uint32_t read = 0;
  {
    const std::lock_guard lock(mutex_);
    if (free_.size() == kCallCount) return deadlines;
    read = submissions_.read();
  }
  for (auto& call : calls_) {
    const std::lock_guard own(call.mutex);
    // What is still in the ring waits for a thread.
    const bool has_begun = static_cast<std::int32_t>(read - call.place) >= 0;
    if (call.is_active && has_begun && !call.has_returned) deadlines.push_back(call.deadline);
  }
  return deadlines;
}

void Calls::end() {
  std::list<Socket*> waiting;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_over_, true)) return;
    waiting.swap(telling_);
  }
  if (means_.database) means_.database->end();
  sockets_.close_all();
  for (auto* const socket : waiting) finish({.heard = socket, .is_ok = true});
  for (auto& call : calls_) {
    Rest rest;
    end(call, rest);
    finish(rest);
  }
}

void Calls::end(Call& call, Rest& rest) {
  const std::lock_guard own(call.mutex);
  if (!call.is_active) return;
  rest = {
      .accepted = std::exchange(call.accepted, nullptr), .heard = std::exchange(call.socket, nullptr), .is_ok = true};
  call.cone.reset();
  call.failed_through = {};
  calling::end(end_.area->memory().calls[call.number]);
  if (call.busy > 0) {
    call.is_to_be_cut = true;
  } else if (call.exchange != nullptr) {
    call.is_started ? cut(call) : answer(call, 503, kWorkerIsGone);
  }
  if (call.busy == 0) call.is_active = false;
}

telemetry::LogScope Calls::log_scope(const Call& call) const {
  return {generation_.name(), generation_.number_text(), call.request_id, {}, call.trace ? &*call.trace : nullptr};
}

/// As the edge does for a handler of its own that did not answer.
void Calls::fail(Call& call, mortise_status status, std::string_view message) {
  if (status == MORTISE_OK) {
    status = MORTISE_INTERNAL;
    message = "the handler returned without an answer";
  }
  const auto http_status = http::to_http_status(status);
  if (http_status == 500) {
    const auto scope = log_scope(call);
    telemetry::log(telemetry::Level::error, "http", "handler failed",
                   {{"route", call.route->text}, {"reason", message.empty() ? "no message given" : message}});
    message = "the plugin that serves this failed; the host's log has the reason under this request id";
  }
  answer(call, http_status, message);
}

void Calls::answer(Call& call, unsigned http_status, std::string_view detail) {
  answer_problem(http_, std::exchange(call.exchange, nullptr), http_status, call.request_id, detail);
}

void Calls::cut(Call& call) { http_.abort(std::exchange(call.exchange, nullptr)); }

}  // namespace mortise::isolation
