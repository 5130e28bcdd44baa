// What WebSockets have to tell, as calls of a worker: a message, or the end of the socket, takes a place among the
// calls, goes the way of a request, and is over when the worker has heard it. Until then the edge reads no further from
// that peer; so a worker that is slow, or has no place free, slows its peers down.
#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <utility>

#include "isolation/calls.hpp"
#include "isolation/steady_ns.hpp"
#include "runtime/abi_values.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {
namespace {

using runtime::to_view;

constexpr std::uint32_t kTooBig = 1009;
constexpr std::uint32_t kTryAgainLater = 1013;

// Of the heap, for all messages that are inside together: the rest is for requests. One alone may have more.
constexpr std::uint64_t kMostToldBytes = kHeapBytes / 2;

std::uint64_t size_of(const Socket& socket) {
  return sizeof(SocketEvent) + socket.request_id.size() + socket.told.payload().size() + socket.told.bindings.size();
}

/// What it takes of the heap, whose blocks are powers of two. One that does not fit into it at all is refused as soon
/// as it has a call.
std::uint64_t heap_bytes_of(const Socket& socket) {
  const auto size = size_of(socket);
  return size <= kDirectBytes || size > kHeapBytes ? 0 : std::bit_ceil(size);
}

std::uint8_t* append(std::uint8_t* to, std::string_view bytes) { return std::copy(bytes.begin(), bytes.end(), to); }

}  // namespace

// --- From the edge

mortise_status Calls::on_message(void* self, mortise_websocket*, mortise_bytes data, std::uint32_t is_text,
                                 mortise_error* error) {
  auto& socket = *static_cast<Socket*>(self);
  return runtime::guarded(error, [&] {
    socket.told.kind = is_text != 0 ? SocketEvent::Kind::text : SocketEvent::Kind::binary;
    socket.told.message = to_view(data);
    socket.calls->describe_scope(socket);
    pass_on(socket);
    return MORTISE_OK;
  });
}

/// A worker whose plugin cannot be told has to go; its end is the socket's, which waits for that.
void Calls::on_close(void* self, mortise_websocket*, std::uint32_t code, mortise_str reason) {
  auto& socket = *static_cast<Socket*>(self);
  socket.told.kind = SocketEvent::Kind::close;
  socket.told.code = code;
  try {
    socket.told.reason = to_view(reason);
    socket.calls->describe_scope(socket);
  } catch (const std::bad_alloc&) {
    socket.calls->end_.breach->note("the host has no memory for what its sockets tell");
  }
  pass_on(socket);
}

/// That of the newest release that has the plugin: the handler's.
void Calls::describe_scope(Socket& socket) {
  if (!outgoing_->has_any()) return;
  auto& scope = *runtime::Scope::current();
  socket.told.bindings = outgoing_->describe(scope.table());
  socket.told.cone = scope.cone();
}

/// Behind those that wait for a place already.
void Calls::pass_on(Socket& socket) {
  const auto self = socket.calls;  // the socket may be gone before this returns
  bool is_over = false;
  {
    const std::lock_guard lock(self->mutex_);
    is_over = self->is_over_;
    if (!is_over) self->telling_.splice(self->telling_.end(), socket.place);
  }
  if (is_over) return self->sockets_.end_handler(socket, true);
  self->tell_waiting();
}

/// As many as there are places for, one after the other. Holds no call's mutex.
void Calls::tell_waiting() {
  for (;;) {
    Call* call = nullptr;
    Socket* socket = nullptr;
    std::uint64_t given_back = 0;
    {
      const std::lock_guard lock(mutex_);
      const bool has_place = !free_.empty() && told_ < kMostSocketCalls;
      if (telling_.empty() || !has_place || is_over_ || end_.breach->is_noted()) return;
      socket = telling_.front();
      const auto bytes = heap_bytes_of(*socket);
      if (told_bytes_ > 0 && bytes > 0 && told_bytes_ + bytes > kMostToldBytes) return;
      socket->place.splice(socket->place.end(), telling_, telling_.begin());
      call = &calls_[free_.back()];
      free_.pop_back();
      call->sequence = ++sequence_;
      call->is_told = true;
      call->told_bytes = bytes;
      ++told_;
      told_bytes_ += bytes;
      given_back = given_back_;
    }
    if (write_told(*call, *socket)) {
      tell(*call, *socket);
    } else if (!refuse_told(*call, *socket, given_back)) {
      return;
    }
  }
}

/// False: there is no memory for it.
bool Calls::write_told(Call& call, const Socket& socket) try {
  const auto& told = socket.told;
  const SocketEvent head{.cookie = socket.cookie,
                         .kind = told.kind,
                         .code = told.code,
                         .request_id_size = static_cast<std::uint32_t>(socket.request_id.size())};
  const auto size = size_of(socket) - told.bindings.size();
  auto& memory = end_.area->memory().calls[call.number];
  auto* place = memory.request.data();
  if (size + told.bindings.size() > kDirectBytes) {
    place = call.block = end_.heap->allocate(size + told.bindings.size());
    if (place == nullptr) return false;
  }
  std::memcpy(place, &head, sizeof head);
  append(append(append(place + sizeof head, socket.request_id), told.payload()), told.bindings);
  memory.bindings_size = static_cast<std::uint32_t>(told.bindings.size());
  memory.offset = end_.area->offset_of(place);
  memory.size = size;
  call.request_id = socket.request_id;
  call.trace.reset();  // of the request that opened it, long ago perhaps
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

/// It waits until others have given back what they have: a message as long as other sockets' are inside, the end of a
/// socket, which has to be told, in any case. Else its peer is asked to come again, as an HTTP client is by a 503.
/// False: it waits, and whoever gives a call back finds it waiting. True: there is the next one, or this one once more,
/// as somebody gave a call back, and found nobody waiting, since `given_back` was read.
bool Calls::refuse_told(Call& call, Socket& socket, std::uint64_t given_back) {
  const bool is_close = socket.told.kind == SocketEvent::Kind::close;
  // Beside the message there must be room for what goes along.
  const bool is_too_big = socket.told.message.size() > kHeapBytes - kDirectBytes;
  if (call.block != nullptr) end_.heap->free(std::exchange(call.block, nullptr));
  bool is_over = false;
  bool is_waiting = false;
  bool has_changed = false;
  {
    const std::lock_guard lock(mutex_);
    has_changed = given_back_ != given_back;
    note_free(call);
    is_over = is_over_;
    is_waiting = !is_over && (is_close || (!is_too_big && (told_ > 0 || has_changed)));
    if (is_waiting) telling_.splice(telling_.begin(), socket.place);
  }
  if (is_over) sockets_.end_handler(socket, true);
  if (is_over) return false;
  if (is_waiting) return has_changed;
  sockets_.edge().close(socket.handle, is_too_big ? kTooBig : kTryAgainLater,
                        runtime::to_abi(is_too_big ? "too long for a plugin in a process of its own"
                                                   : "too much is inside the plugin at this moment"));
  sockets_.end_handler(socket, true);
  return true;
}

/// From here on the handler is ended by who takes completions, or by end().
void Calls::tell(Call& call, Socket& socket) {
  auto& memory = end_.area->memory().calls[call.number];
  {
    const std::lock_guard own(call.mutex);
    call.route = socket.route;
    call.exchange = nullptr;
    call.socket = &socket;
    call.failed_through = {};
    call.is_calling = false;
    call.cone = std::move(socket.told.cone);
    call.deadline = runtime::Scope::Time::max();
    call.until.store(call.deadline, std::memory_order_relaxed);
    call.is_active = true;
    memory.sequence = call.sequence;
    memory.route = kSocketRoute;
    memory.deadline_ns = to_ns(call.deadline);
    if (push(call)) return;
    call.is_active = false;
    call.socket = nullptr;
    call.cone.reset();
  }
  sockets_.end_handler(socket, true);
}

// --- From the worker. Under the call's mutex.

void Calls::take_accept(Call& call, const Completion& completion) {
  SocketTerms terms;
  if (completion.size < sizeof terms || !end_.area->is_workers(call.number, completion.offset, completion.size)) {
    return end_.breach->note("what it accepts a WebSocket with lies where it must not write");
  }
  std::memcpy(&terms, end_.area->at(completion.offset), sizeof terms);
  const auto protocol_size = completion.size - sizeof terms;
  if (terms.protocol_size != protocol_size || protocol_size > kMostProtocolBytes ||
      (terms.flags & ~MORTISE_WEBSOCKET_ANY_ORIGIN) != 0) {
    return end_.breach->note("what it accepts a WebSocket with has no form");
  }
  if (call.exchange == nullptr || call.busy > 0 || call.has_returned) {
    return reply(completion, MORTISE_FAILED_PRECONDITION, kExchangeIsOpen);
  }
  const std::string protocol(reinterpret_cast<const char*>(end_.area->at(completion.offset + sizeof terms)),
                             protocol_size);
  accept(call, completion, terms, protocol);
}

void Calls::accept(Call& call, const Completion& completion, const SocketTerms& terms, const std::string& protocol) {
  using Accepted = http::WebSocketsElsewhere::Accepted;
  auto* const added = sockets_.add();
  if (added == nullptr) return reply(completion, MORTISE_RESOURCE_EXHAUSTED, kExchangeIsOpen);
  auto& socket = *added;
  socket.calls = shared_from_this();
  socket.cookie = terms.cookie;
  socket.route = call.route;
  socket.request_id = call.request_id;
  const mortise_websocket_handlers_v1 handlers{.struct_size = sizeof handlers,
                                               .flags = terms.flags,
                                               .protocol = runtime::to_abi(protocol),
                                               .self = &socket,
                                               .on_message = &on_message,
                                               .on_close = &on_close};
  const auto accepted = sockets_.edge().accept(call.exchange, call.cone, handlers, sockets_.ledger_of(socket),
                                               sockets_.queued(), &socket.handle);
  if (accepted == Accepted::yes) {
    call.accepted = std::exchange(call.exchange, nullptr);
    return reply(completion, MORTISE_OK, socket.number);
  }
  sockets_.forget(socket);
  if (accepted == Accepted::refused) forget_exchange(call);
  reply(completion, MORTISE_FAILED_PRECONDITION, accepted == Accepted::refused ? kExchangeIsOver : kExchangeIsOpen);
}

void Calls::take_heard(Call& call, const Completion& completion, Rest& rest) {
  if (call.socket == nullptr) return end_.breach->note("it has heard what no socket has told");
  if (completion.size > kMostMessageBytes || !end_.area->is_workers(call.number, completion.offset, completion.size)) {
    return end_.breach->note("a message of it lies where it must not write, or is too long");
  }
  if (completion.status != MORTISE_OK) {
    const std::string reason(reinterpret_cast<const char*>(end_.area->at(completion.offset)), completion.size);
    const telemetry::LogScope scope(generation_.name(), generation_.number_text(), call.request_id);
    telemetry::log(telemetry::Level::error, "http", "websocket handler failed",
                   {{"route", call.route->text}, {"reason", reason.empty() ? "no message given" : reason}});
  }
  rest.heard = std::exchange(call.socket, nullptr);
  rest.is_ok = completion.status == MORTISE_OK;
  call.is_active = false;
  call.cone.reset();
  call.failed_through = {};
  rest.has_waiting = give_back(call);
}

/// Nothing is locked: where the edge's loop has ended, what these begin goes on right here.
void Calls::finish(const Rest& rest) {
  if (rest.accepted != nullptr) sockets_.edge().start(rest.accepted);
  if (rest.heard != nullptr) sockets_.end_handler(*rest.heard, rest.is_ok);
  if (rest.has_waiting) tell_waiting();
}

}  // namespace mortise::isolation
