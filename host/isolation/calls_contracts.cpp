// What handlers of requests call of other plugins: each handler's calls are made on one thread of the host's, which
// stays with it until it has returned, within what the handler can reach.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>
#include <utility>

#include "http/response_writer.hpp"
#include "isolation/calling.hpp"
#include "isolation/calls.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {
namespace {

// A handler that calls nobody for longer keeps no thread.
constexpr std::chrono::milliseconds kLongestStay{100};

}  // namespace

/// The first call of a handler's, or one after a long time: whom it calls may take their time.
void Calls::take_call(Call& call, const Completion& completion) {
  const auto number = static_cast<std::uint32_t>(std::min<std::uint64_t>(completion.argument, UINT32_MAX));
  if (!begin_call(call, number)) return;
  call.is_calling = means_.calling.post([self = shared_from_this(), &call, number, sequence = call.sequence,
                                         cone = call.cone, request_id = call.request_id, trace = call.trace] {
    const auto& generation = self->generation_;
    const telemetry::LogScope log_scope(generation.name(), generation.number_text(), request_id, {},
                                        trace ? &*trace : nullptr);
    self->make_calls(call, sequence, cone, number);
  });
  if (!call.is_calling) outgoing_->answer(number, MORTISE_RESOURCE_EXHAUSTED, "the host has no thread for the call");
}

/// Under the call's mutex. A handler makes one call after the other.
bool Calls::begin_call(Call& call, std::uint32_t number) {
  if (call.cone == nullptr) {
    end_.breach->note("it calls others for a handler that cannot");
    return false;
  }
  if (call.is_calling) {
    end_.breach->note("it makes two calls at a time for one handler");
    return false;
  }
  return outgoing_->claim(number);
}

void Calls::make_calls(Call& call, std::uint64_t sequence, const runtime::ConePtr& cone, std::uint32_t first) {
  const runtime::Scope scope(cone, &call.until);
  for (std::optional<std::uint32_t> number = first; number; number = await_call(call, sequence)) {
    if (end_.breach->is_noted()) return;  // nobody waits for it
    try {
      outgoing_->serve(*number, [&](Failed failed) { note_called(call, sequence, std::move(failed)); });
    } catch (const std::bad_alloc&) {
      return end_.breach->note("the host has no memory for what it calls");
    }
  }
}

/// The handler's next call; nothing: whoever made the last one is not needed any more.
std::optional<std::uint32_t> Calls::await_call(Call& call, std::uint64_t sequence) {
  const auto number = calling::wait(end_.area->memory().calls[call.number], sequence, kLongestStay);
  if (!number) return std::nullopt;
  const std::lock_guard lock(call.mutex);
  if (!call.is_active || call.sequence != sequence) {
    end_.breach->note("it calls others for a handler that has returned");
    return std::nullopt;
  }
  if (!begin_call(call, *number)) return std::nullopt;
  call.is_calling = true;
  return number;
}

/// Unless another request has taken its place.
void Calls::note_called(Call& call, std::uint64_t sequence, Failed failed) {
  const std::lock_guard lock(call.mutex);
  if (!call.is_active || call.sequence != sequence) return;
  call.is_calling = false;
  call.failed_through = std::move(failed);
  calling::stay(end_.area->memory().calls[call.number], sequence);
}

/// The client gets the reason, the log the way that it came; that the plugin failed is not its own doing.
void Calls::blame_provider(Call& call) {
  const auto& [status, message, context] = call.failed_through;
  const auto level = http::to_http_status(status) < 500 ? telemetry::Level::debug : telemetry::Level::warning;
  const auto scope = log_scope(call);
  telemetry::log(level, "http", "handler failed through a contract",
                 {{"route", call.route->text}, {"reason", message}, {"way", context}});
  means_.note_providers_failure(call.exchange);
}

}  // namespace mortise::isolation
