// A WebSocket as a plugin in a worker sees it: mortise.websocket/1 carried to the host, with the meaning that
// http/websocket.hpp gives it there.
#pragma once

#include <mortise/abi/websocket.h>

#include <cstdint>
#include <mutex>
#include <string_view>

#include "isolation/bindings.hpp"
#include "isolation/host_link.hpp"
#include "isolation/socket_form.hpp"

namespace mortise::isolation {

/// The handle that plugins get; gone when on_close has returned. The handlers are called one after the other, on the
/// threads of the crew; functions of the ABI come from any thread.
class RemoteSocket {
 public:
  RemoteSocket(HostLink& link, const mortise_websocket_handlers_v1& handlers) noexcept
      : link_(link), handlers_(handlers) {}

  static RemoteSocket& from(mortise_websocket* handle) noexcept { return *reinterpret_cast<RemoteSocket*>(handle); }
  mortise_websocket* handle() noexcept { return reinterpret_cast<mortise_websocket*>(this); }

  // --- The ABI's functions: see abi/websocket.h for their contract. The host's attendant answers, and waits for
  // nobody.
  static mortise_status accept(mortise_http_exchange* exchange, const mortise_websocket_handlers_v1* handlers,
                               mortise_websocket** socket);
  mortise_status send(mortise_bytes data, bool is_text);
  mortise_status close(std::uint32_t code, std::string_view reason);

  /// The crew's: calls the handler for what the socket tells in the call of this number.
  static void hear(HostLink& link, Bindings& bindings, std::uint32_t number);

 private:
  using Kind = Completion::Kind;

  mortise_status count(std::uint64_t cost);
  void take_back(std::uint64_t cost);
  mortise_status say_and_wait(Completion what, const void* bytes, std::uint64_t size);
  mortise_status call(const SocketEvent& event, std::string_view payload, mortise_error* error);

  HostLink& link_;
  const mortise_websocket_handlers_v1 handlers_;
  std::uint64_t number_ = 0;  // the host's; written before anybody has the handle
  std::mutex mutex_;
  std::uint64_t sent_cost_ = 0;  // guarded by mutex_: of all messages, as in the ledger
};

/// As a worker offers it.
const mortise_websocket_v1& remote_websocket_table() noexcept;

}  // namespace mortise::isolation
