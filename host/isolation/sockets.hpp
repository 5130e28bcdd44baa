// The WebSockets of one worker's plugin, as the host has them. What they have to tell goes into the worker as a call,
// like a request (calls_sockets.cpp); what the worker says of one is done here.
#pragma once

#include <mortise/abi/websocket.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/websocket_elsewhere.hpp"
#include "isolation/host_end.hpp"
#include "isolation/socket_form.hpp"
#include "runtime/release.hpp"

namespace mortise::isolation {

class Calls;
struct ForwardedRoute;

/// What may wait in the host for the peers of one worker's sockets, all together: as much as the worker's heap holds,
/// from where it has come. In the measure of http/websocket_rules.hpp.
inline constexpr std::uint64_t kMostQueuedCost = kHeapBytes;

/// One socket; what `self` of its handlers points to. It tells one thing after the other: `told` belongs to whoever is
/// busy with the last one, from the handler's call until end_handler() is called for it.
struct Socket {
  Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  std::shared_ptr<Calls> calls;
  std::uint64_t number = 0;
  std::uint64_t cookie = 0;
  const ForwardedRoute* route = nullptr;
  std::string request_id;               // of the request that it was opened by
  mortise_websocket* handle = nullptr;  // null: it has not come to be
  std::list<Socket*> place{this};       // in the queue of those that wait for a call, which gets it from here

  struct Told {
    SocketEvent::Kind kind = SocketEvent::Kind::text;
    std::uint32_t code = 0;
    std::string_view message;  // the edge's, until the handler is over
    std::string reason;
    std::string bindings;     // see Bindings
    runtime::ConePtr cone{};  // what its handler can reach, where that may call anybody

    [[nodiscard]] std::string_view payload() const noexcept {
      return kind == SocketEvent::Kind::close ? std::string_view(reason) : message;
    }
  } told{};
};

/// Any thread, but for what says otherwise.
class Sockets {
 public:
  /// `edge` outlives it.
  Sockets(HostEnd end, const http::WebSocketsElsewhere& edge) : end_(std::move(end)), edge_(edge) {}

  [[nodiscard]] const http::WebSocketsElsewhere& edge() const noexcept { return edge_; }

  /// Stays until forget(). Null: there is no place for it.
  Socket* add();
  /// Of one that is there.
  [[nodiscard]] std::atomic<std::uint64_t>& ledger_of(const Socket& socket) const noexcept;
  /// What waits for the peers of all of them; the edge counts it.
  [[nodiscard]] std::atomic<std::uint64_t>& queued() noexcept { return queued_; }
  /// What it has told last is over. It is gone when that was its close.
  void end_handler(Socket& socket, bool is_ok);
  /// It did not come to be.
  void forget(Socket& socket);
  [[nodiscard]] bool has_any();
  /// There is nobody any more who would hear of them: tells their peers to come again.
  void close_all();

  // --- What the worker says. The attendant's, who alone ends the last handler while there is a worker.
  /// Of send_text, send_binary and close; the completion was copied.
  mortise_status take(const Completion& completion);

 private:
  Socket* find(std::uint64_t number);
  [[nodiscard]] bool has_room_for(std::uint64_t cost) const noexcept;
  mortise_status send(mortise_websocket* handle, const Completion& completion) const;
  mortise_status close(mortise_websocket* handle, const Completion& completion) const;

  const HostEnd end_;
  const http::WebSocketsElsewhere& edge_;
  // Of the host's own memory, where no worker can change it. Only the attendant has something added, so that what it
  // reads is never too little: relaxed.
  std::atomic<std::uint64_t> queued_{0};
  std::mutex mutex_;
  // Guarded by mutex_:
  std::unordered_map<std::uint64_t, std::unique_ptr<Socket>> sockets_;  // by number
  std::uint64_t count_ = 0;                                             // of all that there ever were
  std::uint32_t places_ = 0;                                            // that were ever taken
  std::vector<std::uint32_t> free_places_;                              // among them
};

}  // namespace mortise::isolation
