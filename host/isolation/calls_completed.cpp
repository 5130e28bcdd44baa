// What a worker says of its calls. Each completion has been copied; what it points to is checked, and copied where it
// is more than bytes on their way to a client.
#include <algorithm>
#include <atomic>
#include <new>
#include <string>
#include <utility>

#include "events/event_form.hpp"
#include "http/response_writer.hpp"
#include "isolation/calls.hpp"
#include "isolation/event_payload.hpp"
#include "isolation/futex.hpp"
#include "isolation/http_form.hpp"
#include "isolation/task_form.hpp"
#include "runtime/abi_values.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {
namespace {

// Taken at one go: a plugin that says a lot must not keep its attendant from all else.
constexpr unsigned kMostAtOnce = 256;
constexpr std::uint64_t kMostBytesAtOnce = std::uint64_t{8} << 20U;

using Kind = Completion::Kind;

}  // namespace

bool Calls::take_some() {
  std::uint64_t bytes = 0;
  for (unsigned i = 0; i < kMostAtOnce && bytes < kMostBytesAtOnce && !end_.breach->is_noted(); ++i) {
    if (!completions_.is_sound()) {
      end_.breach->note("its ring claims more entries than it has");
      return false;
    }
    const auto completion = completions_.pop();
    if (!completion) return false;
    bytes += std::min<std::uint64_t>(completion->size, kMostBytesAtOnce);
    take(*completion);
  }
  return !end_.breach->is_noted();
}

void Calls::take(const Completion& completion) {
  if (completion.reply != Completion::kNoReply && completion.reply >= kReplyCount) {
    return end_.breach->note("it waits for a reply in a place that there is none of");
  }
  if (completion.kind == Kind::taken) {
    outgoing_->take_back(completion.argument);
    return tell_waiting();
  }
  if (completion.kind == Kind::database) {
    if (means_.database == nullptr) return end_.breach->note("it asks for a database that its plugin does not have");
    return means_.database->take(static_cast<std::uint32_t>(std::min<std::uint64_t>(completion.argument, UINT32_MAX)));
  }
  if (completion.kind == Kind::publish) return take_event(completion);
  if (completion.kind == Kind::add_task) return take_task(completion);
  if (completion.kind == Kind::cancel_task) return means_.cancel_task(completion.argument);
  if (completion.call >= kCallCount) return end_.breach->note("it names a call that there is none of");
  if (completion.kind == Kind::send_text || completion.kind == Kind::send_binary || completion.kind == Kind::close) {
    return reply(completion, sockets_.take(completion));
  }
  auto& call = calls_[completion.call];
  Rest rest;
  {
    const std::lock_guard lock(call.mutex);
    if (!call.is_active) return end_.breach->note("it answers a call that is over");
    take_of(call, completion, rest);
  }
  finish(rest);
}

/// Under the call's mutex.
void Calls::take_of(Call& call, const Completion& completion, Rest& rest) {
  switch (completion.kind) {
    case Kind::respond:
    case Kind::start: return take_answer(call, completion);
    case Kind::write: return take_write(call, completion);
    case Kind::finish:
    case Kind::abort:
    case Kind::fail: return take_end(call, completion);
    case Kind::read_body: return take_read(call, completion);
    case Kind::call: return take_call(call, completion);
    case Kind::returned: return take_returned(call);
    case Kind::done: return take_done(call, rest);
    case Kind::accept: return take_accept(call, completion);
    case Kind::heard: return take_heard(call, completion, rest);
    case Kind::database:
    case Kind::publish:
    case Kind::add_task:
    case Kind::cancel_task:
    case Kind::taken:
    case Kind::send_text:
    case Kind::send_binary:
    case Kind::close: break;  // no call's
  }
  end_.breach->note("it says something that there is no word for");
}

/// A copy of it: what is looked at must not change any more.
void Calls::take_event(const Completion& completion) {
  const Payload payload{.offset = completion.offset, .size = completion.size};
  if (!end_.area->is_workers(end_.area->memory().worker_heap, payload) || payload.size > 2 * events::kMostEventBytes) {
    return end_.breach->note("an event of it lies where it must not write, or is too long");
  }
  const std::string copy(reinterpret_cast<const char*>(end_.area->at(payload.offset)), payload.size);
  const auto event = EventView::read(copy);
  if (!event || means_.publish(completion.argument, event->key, event->bytes) == MORTISE_INVALID_ARGUMENT) {
    end_.breach->note("it publishes what it must have refused itself");
  }
}

void Calls::take_task(const Completion& completion) {
  constexpr std::uint64_t kMostTaskBytes = 4096;
  const Payload payload{.offset = completion.offset, .size = completion.size};
  if (!end_.area->is_workers(end_.area->memory().worker_heap, payload) || payload.size > kMostTaskBytes) {
    return end_.breach->note("a task of it lies where it must not write, or is too long");
  }
  const std::string copy(reinterpret_cast<const char*>(end_.area->at(payload.offset)), payload.size);
  const auto view = TaskView::read(copy);
  const auto status = view ? means_.add_task(view->task) : MORTISE_INVALID_ARGUMENT;
  if (status == MORTISE_INVALID_ARGUMENT || status == MORTISE_FAILED_PRECONDITION) {
    return end_.breach->note("it adds a task that it must have refused itself");
  }
  reply(completion, status);
}

void Calls::take_answer(Call& call, const Completion& completion) {
  if (!end_.area->is_workers(call.number, completion.offset, completion.size)) {
    return end_.breach->note("an answer of it lies where it must not write");
  }
  if (call.exchange == nullptr) return reply(completion, MORTISE_FAILED_PRECONDITION);
  AnswerView answer;
  if (!read_form({end_.area->at(completion.offset), completion.size}, answer)) {
    return end_.breach->note("an answer of it has no form");
  }
  if (completion.kind == Kind::start) {
    const auto status = http_.start(call.exchange, &answer.response);
    if (status == MORTISE_OK || status == MORTISE_CANCELLED) call.is_started = true;
    if (status == MORTISE_OK) {  // nor do those whom it calls have one
      const auto former = std::exchange(call.deadline, runtime::Scope::Time::max());
      auto until = former;  // unless the client has gone
      call.until.compare_exchange_strong(until, call.deadline, std::memory_order_relaxed);
    }
    return reply(completion, status);
  }
  if (call.is_started) return end_.breach->note("it answers a call as a whole that it has begun to answer");
  if (call.busy > 0) {  // somebody still waits for the client; who answers meanwhile does not want to hear from it
    call.is_to_be_cut = true;
    return reply(completion, MORTISE_CANCELLED);
  }
  const auto status = http_.respond(call.exchange, &answer.response);
  if (status == MORTISE_INVALID_ARGUMENT && completion.reply == Completion::kNoReply) {
    return end_.breach->note("it sends an answer that it must have refused itself");
  }
  if (status != MORTISE_INVALID_ARGUMENT) forget_exchange(call);
  reply(completion, status);
}

void Calls::take_end(Call& call, const Completion& completion) {
  if (call.exchange == nullptr) return reply(completion, MORTISE_FAILED_PRECONDITION);
  if (call.busy > 0) {
    call.is_to_be_cut = true;
    return reply(completion, MORTISE_CANCELLED);
  }
  if (completion.kind == Kind::abort) {
    cut(call);
    return reply(completion, MORTISE_OK);
  }
  if (completion.kind == Kind::finish) {
    const auto status = http_.finish(call.exchange);
    if (status == MORTISE_FAILED_PRECONDITION) return end_.breach->note("it ends an answer that it has not begun");
    forget_exchange(call);
    return reply(completion, status);
  }
  if (completion.size > kMostMessageBytes || !end_.area->is_workers(call.number, completion.offset, completion.size)) {
    return end_.breach->note("a message of it lies where it must not write, or is too long");
  }
  if (call.is_started) return end_.breach->note("it fails a call that it has begun to answer");
  const std::string message(reinterpret_cast<const char*>(end_.area->at(completion.offset)), completion.size);
  const bool is_through_contract = completion.argument != 0 && completion.status == call.failed_through.status;
  if (is_through_contract && completion.status != MORTISE_OK) blame_provider(call);
  fail(call, completion.status, message);
}

void Calls::take_write(Call& call, const Completion& completion) {
  if (!end_.area->is_workers(call.number, completion.offset, completion.size)) {
    return end_.breach->note("a piece of an answer of it lies where it must not write");
  }
  if (call.exchange == nullptr) return reply(completion, MORTISE_FAILED_PRECONDITION);
  auto at_once = completion;
  at_once.argument = 0;
  std::uint64_t value = 0;
  const auto status = perform(call.exchange, at_once, value);
  if (status != MORTISE_RESOURCE_EXHAUSTED || completion.argument == 0) return reply(completion, status);
  wait_elsewhere(call, completion);
}

void Calls::take_read(Call& call, const Completion& completion) {
  if (completion.size == 0 || !end_.area->is_workers(call.number, completion.offset, completion.size)) {
    return end_.breach->note("it asks for a piece of a body where it must not write");
  }
  if (call.exchange == nullptr) return reply(completion, MORTISE_FAILED_PRECONDITION);
  wait_elsewhere(call, completion);
}

mortise_status Calls::perform(mortise_http_exchange* exchange, const Completion& completion, std::uint64_t& value) {
  auto* const place = end_.area->at(completion.offset);
  if (completion.kind == Kind::read_body) return http_.read_body(exchange, place, completion.size, &value);
  const auto timeout = static_cast<std::uint32_t>(std::min<std::uint64_t>(completion.argument, UINT32_MAX));
  return http_.write(exchange, {place, completion.size}, timeout);
}

/// The client may take its time. The exchange lives as long as somebody is busy with it: whatever ends it waits.
void Calls::wait_elsewhere(Call& call, const Completion& completion) {
  const bool is_posted = means_.waiting.post([self = shared_from_this(), &call, exchange = call.exchange, completion] {
    std::uint64_t value = 0;
    const auto status = runtime::guarded(nullptr, [&] { return self->perform(exchange, completion, value); });
    self->finish_waiting(call);
    self->reply(completion, status, value);
  });
  if (!is_posted) return reply(completion, MORTISE_RESOURCE_EXHAUSTED);
  ++call.busy;  // whoever runs the task looks at it under the call's mutex, which is held here
}

void Calls::finish_waiting(Call& call) {
  const std::lock_guard lock(call.mutex);
  if (--call.busy > 0 || !call.is_to_be_cut) return;
  if (call.exchange != nullptr) cut(call);
}

void Calls::take_returned(Call& call) {
  call.has_returned = true;
  call.cone.reset();
}

void Calls::take_done(Call& call, Rest& rest) {
  if (call.socket != nullptr) return end_.breach->note("it is done with what a socket has told, and does not say how");
  if (call.busy > 0) return end_.breach->note("it is done with a call for which it still waits");
  if (call.exchange != nullptr) return end_.breach->note("it is done with a call that it has not ended");
  call.is_active = false;
  call.cone.reset();
  call.failed_through = {};
  rest.accepted = std::exchange(call.accepted, nullptr);
  rest.has_waiting = give_back(call);
}

void Calls::reply(const Completion& completion, mortise_status status, std::uint64_t value) {
  if (completion.reply == Completion::kNoReply) return;
  auto& place = end_.area->memory().replies[completion.reply];
  place.status.store(status, std::memory_order_relaxed);
  place.value.store(value, std::memory_order_relaxed);
  place.is_there.store(1, std::memory_order_release);
  futex_wake(place.is_there, 1);
}

}  // namespace mortise::isolation
