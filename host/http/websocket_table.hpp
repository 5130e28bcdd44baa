// The C function table of mortise.websocket/1 over WebSocket.
#pragma once

#include <mortise/abi/websocket.h>

namespace mortise::http {

const mortise_websocket_v1& websocket_table() noexcept;

}  // namespace mortise::http
