/* A WebSocket at /echo that sends back what it gets. */
#include <mortise/abi/http.h>
#include <mortise/abi/websocket.h>

#include "zoo.h"

static const mortise_websocket_v1* websocket;

static mortise_status on_message(void* self, mortise_websocket* socket, mortise_bytes data, uint32_t is_text,
                                 mortise_error* error) {
  (void)self;
  (void)error;
  return websocket->send(socket, data, is_text);
}

static void on_close(void* self, mortise_websocket* socket, uint32_t code, mortise_str reason) {
  (void)self;
  (void)socket;
  (void)code;
  (void)reason;
}

static mortise_status handle(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                             mortise_error* error) {
  const mortise_websocket_handlers_v1 handlers = {sizeof handlers, 0, {NULL, 0}, NULL, on_message, on_close};
  mortise_websocket* socket;
  (void)self;
  (void)request;
  (void)error;
  return websocket->accept(exchange, &handlers, &socket);
}

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  const mortise_http_route_v1 route = {
      sizeof route, 0, zoo_str("GET"), zoo_str("/echo"), 0, NULL, handle, 0, 0,
  };
  const mortise_http_v1* http = host->get_interface(host->host, zoo_str(MORTISE_HTTP_V1));
  *self = NULL;
  websocket = host->get_interface(host->host, zoo_str(MORTISE_WEBSOCKET_V1));
  if (http == NULL || websocket == NULL) return MORTISE_FAILED_PRECONDITION;
  return http->add_route(host->host, &route, error);
}

ZOO_PLUGIN(init)
