/* Serves GET of ZOO_PATH with the text ZOO_ANSWER, through the C interface alone. */
#include <mortise/abi/http.h>

#include "zoo.h"

static const mortise_http_v1* http;

static mortise_status handle(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                             mortise_error* error) {
  static const uint8_t kAnswer[] = ZOO_ANSWER;
  const mortise_http_field type = {zoo_str("Content-Type"), zoo_str("text/plain")};
  const mortise_bytes body = {kAnswer, sizeof kAnswer - 1};
  const mortise_http_response_v1 response = {sizeof response, 200, &type, 1, body};
  (void)self;
  (void)request;
  (void)error;
  return http->respond(exchange, &response);
}

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  const mortise_http_route_v1 route = {
      sizeof route, 0, zoo_str("GET"), zoo_str(ZOO_PATH), 0, NULL, handle,
  };
  *self = NULL;
  http = (const mortise_http_v1*)host->get_interface(host->host, zoo_str(MORTISE_HTTP_V1));
  if (http == NULL) return MORTISE_FAILED_PRECONDITION;
  return http->add_route(host->host, &route, error);
}

ZOO_PLUGIN(init)
