/* Serves GET of ZOO_PATH with the text ZOO_ANSWER, through the C interface alone. With ZOO_AS_OF_1_0 it is one that was
 * built with the headers of ABI 1.0: its route ends where it did then, and what is behind that is none of the host's.
 * It takes longer than the deadline that a host would find there. */
#define _POSIX_C_SOURCE 200809L
#include <mortise/abi/http.h>
#include <time.h>

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
#if defined(ZOO_AS_OF_1_0)
  const struct timespec pause = {0, 100000000};
  nanosleep(&pause, NULL);
#endif
  return http->respond(exchange, &response);
}

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
#if defined(ZOO_AS_OF_1_0)
  enum { kRouteSize = offsetof(mortise_http_route_v1, deadline_ms), kBehindIt = 1 };
#else
  enum { kRouteSize = sizeof(mortise_http_route_v1), kBehindIt = 0 };
#endif
  const mortise_http_route_v1 route = {
      kRouteSize, 0, zoo_str("GET"), zoo_str(ZOO_PATH), 0, NULL, handle, kBehindIt, kBehindIt,
  };
  *self = NULL;
  http = (const mortise_http_v1*)host->get_interface(host->host, zoo_str(MORTISE_HTTP_V1));
  if (http == NULL) return MORTISE_FAILED_PRECONDITION;
  return http->add_route(host->host, &route, error);
}

ZOO_PLUGIN(init)
