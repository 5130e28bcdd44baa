/* mortise.websocket/1: turn an HTTP exchange into a WebSocket (RFC 6455). */
#ifndef MORTISE_ABI_WEBSOCKET_H
#define MORTISE_ABI_WEBSOCKET_H

#include <mortise/abi/http.h>
#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_WEBSOCKET_V1 "mortise.websocket/1"

/* One open socket; the host's, valid until on_close returns. */
typedef struct mortise_websocket mortise_websocket;

/* What the plugin wants to hear. Copied by accept(). The calls for one socket never overlap. since 1.0 */
typedef struct mortise_websocket_handlers_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  void* self;

  /* A whole message; `data` is borrowed for the call. [in-scope] */
  void (*on_message)(void* self, mortise_websocket* socket, mortise_bytes data, uint32_t is_text);

  /* The socket is closed; called exactly once, last. `code` is RFC 6455's, 1006 when the peer just went.
   * [in-scope] */
  void (*on_close)(void* self, mortise_websocket* socket, uint32_t code, mortise_str reason);
} mortise_websocket_handlers_v1;

/* since 1.0 */
typedef struct mortise_websocket_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* Accepts the upgrade and ends the exchange; messages arrive after the route's handler has returned.
   * MORTISE_FAILED_PRECONDITION: the request asks for no WebSocket, or was answered; the exchange is then as it was.
   * since 1.0 [in-scope] */
  mortise_status (*accept)(mortise_http_exchange* exchange, const mortise_websocket_handlers_v1* handlers,
                           mortise_websocket** socket);

  /* Queues a message; the bytes are copied. MORTISE_RESOURCE_EXHAUSTED: the peer reads too slowly and the queue
   * is full. MORTISE_CANCELLED: closed. since 1.0 [any-thread] */
  mortise_status (*send)(mortise_websocket* socket, mortise_bytes data, uint32_t is_text);

  /* Starts the closing handshake; on_close follows. since 1.0 [any-thread] */
  void (*close)(mortise_websocket* socket, uint32_t code, mortise_str reason);
} mortise_websocket_v1;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_WEBSOCKET_H */
