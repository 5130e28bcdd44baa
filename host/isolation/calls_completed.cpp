// What a worker says of its calls. Each completion has been copied; what it points to is checked, and copied where it
// is more than bytes on their way to a client.
#include <algorithm>
#include <string>
#include <utility>

#include "isolation/calls.hpp"
#include "isolation/futex.hpp"
#include "isolation/http_form.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::isolation {
namespace {

// Taken at one go: a plugin that says a lot must not keep its attendant from all else.
constexpr unsigned kMostAtOnce = 256;
// A handler's message; the host's own handlers have as much.
constexpr std::uint64_t kMostMessageBytes = 1024;

using Kind = Completion::Kind;

}  // namespace

bool Calls::take_some() {
  for (unsigned i = 0; i < kMostAtOnce && violation_.empty(); ++i) {
    if (!completions_.is_sound()) {
      violate("its ring claims more entries than it has");
      return false;
    }
    const auto completion = completions_.pop();
    if (!completion) return false;
    take(*completion);
  }
  return violation_.empty();
}

void Calls::take(const Completion& completion) {
  if (completion.call >= kCallCount) return violate("it names a call that there is none of");
  if (completion.reply != Completion::kNoReply && completion.reply >= kReplyCount) {
    return violate("it waits for a reply in a place that there is none of");
  }
  auto& call = calls_[completion.call];
  const std::unique_lock lock(call.mutex);
  if (!call.is_active) return violate("it answers a call that is over");
  switch (completion.kind) {
    case Kind::respond:
    case Kind::start: return take_answer(call, completion);
    case Kind::write: return take_write(call, completion);
    case Kind::finish:
    case Kind::abort:
    case Kind::fail: return take_end(call, completion);
    case Kind::read_body: return take_read(call, completion);
    case Kind::done: return take_done(call);
  }
  violate("it says something that there is no word for");
}

void Calls::take_answer(Call& call, const Completion& completion) {
  if (!area_->is_workers(call.number, completion.offset, completion.size)) {
    return violate("an answer of it lies where it must not write");
  }
  if (call.exchange == nullptr) return reply(completion, MORTISE_FAILED_PRECONDITION);
  AnswerView answer;
  if (!read_form({area_->at(completion.offset), completion.size}, answer)) {
    return violate("an answer of it has no form");
  }
  if (completion.kind == Kind::start) {
    const auto status = http_.start(call.exchange, &answer.response);
    if (status == MORTISE_OK || status == MORTISE_CANCELLED) call.is_started = true;
    return reply(completion, status);
  }
  if (call.is_started) return violate("it answers a call as a whole that it has begun to answer");
  if (call.busy > 0) {  // somebody still waits for the client; who answers meanwhile does not want to hear from it
    call.is_to_be_cut = true;
    return reply(completion, MORTISE_CANCELLED);
  }
  const auto status = http_.respond(call.exchange, &answer.response);
  if (status == MORTISE_INVALID_ARGUMENT && completion.reply == Completion::kNoReply) {
    return violate("it sends an answer that it must have refused itself");
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
    if (status == MORTISE_FAILED_PRECONDITION) return violate("it ends an answer that it has not begun");
    forget_exchange(call);
    return reply(completion, status);
  }
  if (completion.size > kMostMessageBytes || !area_->is_workers(call.number, completion.offset, completion.size)) {
    return violate("a message of it lies where it must not write, or is too long");
  }
  if (call.is_started) return violate("it fails a call that it has begun to answer");
  const std::string message(reinterpret_cast<const char*>(area_->at(completion.offset)), completion.size);
  fail(call, completion.status, message);
}

void Calls::take_write(Call& call, const Completion& completion) {
  if (!area_->is_workers(call.number, completion.offset, completion.size)) {
    return violate("a piece of an answer of it lies where it must not write");
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
  if (completion.size == 0 || !area_->is_workers(call.number, completion.offset, completion.size)) {
    return violate("it asks for a piece of a body where it must not write");
  }
  if (call.exchange == nullptr) return reply(completion, MORTISE_FAILED_PRECONDITION);
  wait_elsewhere(call, completion);
}

mortise_status Calls::perform(mortise_http_exchange* exchange, const Completion& completion, std::uint64_t& value) {
  auto* const place = area_->at(completion.offset);
  if (completion.kind == Kind::read_body) return http_.read_body(exchange, place, completion.size, &value);
  const auto timeout = static_cast<std::uint32_t>(std::min<std::uint64_t>(completion.argument, UINT32_MAX));
  return http_.write(exchange, {place, completion.size}, timeout);
}

/// The client may take its time. The exchange lives as long as somebody is busy with it: whatever ends it waits.
void Calls::wait_elsewhere(Call& call, const Completion& completion) {
  const bool is_posted = pool_.post([self = shared_from_this(), &call, exchange = call.exchange, completion] {
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

void Calls::take_done(Call& call) {
  if (call.busy > 0) return violate("it is done with a call for which it still waits");
  if (call.exchange != nullptr) return violate("it is done with a call that it has not ended");
  call.is_active = false;
  give_back(call);
}

void Calls::reply(const Completion& completion, mortise_status status, std::uint64_t value) {
  if (completion.reply == Completion::kNoReply) return;
  auto& place = area_->memory().replies[completion.reply];
  place.status.store(status, std::memory_order_relaxed);
  place.value.store(value, std::memory_order_relaxed);
  place.is_there.store(1, std::memory_order_release);
  futex_wake(place.is_there, 1);
}

void Calls::violate(const std::string& what) {
  if (violation_.empty()) violation_ = what;
}

}  // namespace mortise::isolation
