/* mortise.websocket/1: turn an HTTP exchange into a WebSocket (RFC 6455).
 *
 * A route's handler calls accept() instead of answering. From then on the socket lives by itself: it keeps the plugin's
 * generation in memory until on_close has returned, and ends when either side closes it, when the peer goes, or when
 * the host stops or replaces the plugin (code 1001). The host answers pings, asks silent peers for a sign of life, and
 * puts fragments together.
 *
 * Who may use a socket, and when: the handle is the host's and ends when on_close returns. send() and close() neither
 * wait nor call back, so a plugin that uses a socket from several threads guards its copy of the handle with a mutex
 * that on_close takes too, to forget the handle. (mortise::WebSocket in the C++ layer does that.)
 */
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

/* Take the pages of other sites as well. Without it a browser's request whose Origin is not this host is refused with
 * a 403, since it carries the user's cookies. */
#define MORTISE_WEBSOCKET_ANY_ORIGIN 1u

/* What the plugin wants to hear. Copied by accept(). The calls for one socket never overlap. since 1.0 */
typedef struct mortise_websocket_handlers_v1 {
  uint32_t struct_size;
  uint32_t flags;       /* MORTISE_WEBSOCKET_* */
  mortise_str protocol; /* the subprotocol to agree on when the client offers it; empty: none */
  void* self;

  /* A whole message; `data` is borrowed for the call. The next one waits until this call returns. With a status other
   * than MORTISE_OK the host logs the message and closes the socket with 1011. [in-scope] */
  mortise_status (*on_message)(void* self, mortise_websocket* socket, mortise_bytes data, uint32_t is_text,
                               mortise_error* error);

  /* The socket is closed; called exactly once, last. `code` is RFC 6455's: of whoever closed first; 1005 when the peer
   * gave none, 1006 when it just went. [in-scope] */
  void (*on_close)(void* self, mortise_websocket* socket, uint32_t code, mortise_str reason);
} mortise_websocket_handlers_v1;

/* since 1.0 */
typedef struct mortise_websocket_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* Accepts the upgrade and ends the exchange; messages arrive after the route's handler has returned.
   * MORTISE_FAILED_PRECONDITION: the request asks for no WebSocket, or wrongly; the host has answered it (426, 400 or
   * 403) and the exchange is over. Or it was answered, deferred or streams its body; it is then as it was. In each case
   * the handler just returns this status. MORTISE_INVALID_ARGUMENT: faulty handlers; the exchange is as it was.
   * since 1.0 [in-scope] */
  mortise_status (*accept)(mortise_http_exchange* exchange, const mortise_websocket_handlers_v1* handlers,
                           mortise_websocket** socket);

  /* Queues a message; the bytes are copied. Never waits. MORTISE_RESOURCE_EXHAUSTED: the peer reads too slowly and the
   * queue is full (1 MiB; a larger message fits an empty queue); nothing was taken. MORTISE_CANCELLED: closed.
   * since 1.0 [any-thread] */
  mortise_status (*send)(mortise_websocket* socket, mortise_bytes data, uint32_t is_text);

  /* Starts the closing handshake, behind the messages that were sent before; on_close follows. Never waits.
   * MORTISE_INVALID_ARGUMENT: a code that must not be sent (1000 to 1003, 1007 to 1013 and 3000 to 4999 may), or a
   * reason of more than 123 bytes. MORTISE_CANCELLED: closed already. since 1.0 [any-thread] */
  mortise_status (*close)(mortise_websocket* socket, uint32_t code, mortise_str reason);
} mortise_websocket_v1;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_WEBSOCKET_H */
