#include "isolation/sockets.hpp"

#include <algorithm>

#include "http/websocket_rules.hpp"
#include "isolation/calls.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::isolation {
namespace {

using Kind = Completion::Kind;

constexpr std::uint32_t kServiceRestart = 1012;
constexpr std::uint32_t kTryAgainLater = 1013;
constexpr std::string_view kTooMuchWaits = "too much of the plugin waits for its peers; connect again";
constexpr std::string_view kWorkerHasEnded = "the process that runs the plugin has ended; connect again";

}  // namespace

Socket* Sockets::add() {
  auto made = std::make_unique<Socket>();
  const std::lock_guard lock(mutex_);
  if (free_places_.empty()) {
    if (places_ == kSocketCount) return nullptr;
    free_places_.reserve(places_ + 1);  // so that giving one back cannot fail
    free_places_.push_back(places_++);
  }
  made->number = (count_ + 1) * kSocketCount + free_places_.back();
  auto* const socket = sockets_.emplace(made->number, std::move(made)).first->second.get();
  ++count_;
  free_places_.pop_back();
  ledger_of(*socket).store(0, std::memory_order_relaxed);  // published with the number
  return socket;
}

std::atomic<std::uint64_t>& Sockets::ledger_of(const Socket& socket) const noexcept {
  return end_.area->memory().ledgers[socket.number % kSocketCount];
}

void Sockets::forget(Socket& socket) {
  std::unique_ptr<Socket> gone;  // with what it holds, outside the lock
  const std::lock_guard lock(mutex_);
  const auto found = sockets_.find(socket.number);
  gone = std::move(found->second);
  sockets_.erase(found);
  free_places_.push_back(static_cast<std::uint32_t>(gone->number % kSocketCount));
}

/// Once it was called, the next message may be told at any moment, on another thread.
void Sockets::end_handler(Socket& socket, bool is_ok) {
  auto* const handle = socket.handle;
  const bool is_close = socket.told.kind == SocketEvent::Kind::close;
  const auto& edge = edge_;
  socket.told.cone.reset();
  if (is_close) forget(socket);  // and with it, perhaps, the last hold on this
  edge.end_handler(handle, is_ok);
}

bool Sockets::has_any() {
  const std::lock_guard lock(mutex_);
  return !sockets_.empty();
}

/// Under the lock: who ends the last handler of a socket forgets it first.
void Sockets::close_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& entry : sockets_) {
    if (entry.second->handle != nullptr) {
      edge_.close(entry.second->handle, kServiceRestart, runtime::to_abi(kWorkerHasEnded));
    }
  }
  // One that was interrupted while it was made is nobody else's.
  std::erase_if(sockets_, [](const auto& entry) { return entry.second->handle == nullptr; });
}

Socket* Sockets::find(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto count = number / kSocketCount;
  if (count == 0 || count > count_) end_.breach->note("it speaks on a socket that there is none of");
  const auto found = sockets_.find(number);
  return found == sockets_.end() ? nullptr : found->second.get();
}

mortise_status Sockets::take(const Completion& completion) {
  const Payload payload{.offset = completion.offset, .size = completion.size};
  if (!end_.area->is_workers(end_.area->memory().worker_heap, payload)) {
    end_.breach->note("what it says on a socket lies where it must not write");
    return MORTISE_INVALID_ARGUMENT;
  }
  auto* const socket = find(completion.argument);
  if (socket == nullptr) return MORTISE_CANCELLED;
  return completion.kind == Kind::close ? close(socket->handle, completion) : send(socket->handle, completion);
}

/// As for the queue of one socket: when nothing waits there is room for any message.
bool Sockets::has_room_for(std::uint64_t cost) const noexcept {
  const auto queued = queued_.load(std::memory_order_relaxed);
  return queued == 0 || queued + cost <= kMostQueuedCost;
}

/// The edge copies it, whatever it is. On one socket a worker that counts never sends too much; how much waits on all
/// of them it cannot know, so that is no fault of its own.
mortise_status Sockets::send(mortise_websocket* handle, const Completion& completion) const {
  if (!has_room_for(completion.size + http::kMessageCost)) {
    edge_.close(handle, kTryAgainLater, runtime::to_abi(kTooMuchWaits));
    return MORTISE_CANCELLED;
  }
  const bool is_text = completion.kind == Kind::send_text;
  const auto status = edge_.send(handle, {end_.area->at(completion.offset), completion.size}, is_text ? 1 : 0);
  if (status == MORTISE_RESOURCE_EXHAUSTED) end_.breach->note("it sends more on a socket than there is room for");
  return status;
}

mortise_status Sockets::close(mortise_websocket* handle, const Completion& completion) const {
  const auto size = std::min<std::uint64_t>(completion.size, http::kMostReasonBytes + 1);
  const std::string reason(reinterpret_cast<const char*>(end_.area->at(completion.offset)), size);
  const auto status = edge_.close(handle, static_cast<std::uint32_t>(completion.status), runtime::to_abi(reason));
  if (status == MORTISE_INVALID_ARGUMENT)
    end_.breach->note("it closes a socket in a way that it must have refused itself");
  return status;
}

}  // namespace mortise::isolation
