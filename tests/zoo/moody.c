/* Answers GET /moody with ZOO_ANSWER. With ZOO_OBEYS it does what the query asks of it: "fail", "slow", "crash",
 * "exit", "overflow". */
#include <mortise/abi/http.h>
#include <stdlib.h>
#include <threads.h>

#include "zoo.h"

static const mortise_http_v1* http;
static int* volatile nowhere = (int*)(uintptr_t)8;

static int is_asked(const mortise_http_request_v1* request, const char* what) {
#if defined(ZOO_OBEYS)
  return request->query.size == strlen(what) && memcmp(request->query.data, what, strlen(what)) == 0;
#else
  (void)request;
  (void)what;
  return 0;
#endif
}

static int use_up_stack(volatile char* above) {
  volatile char here[4096];
  here[0] = above == NULL ? '\0' : above[0];
  return here[0] == 'x' ? 0 : use_up_stack(here) + here[0];
}

static mortise_status handle(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                             mortise_error* error) {
  static const uint8_t kAnswer[] = ZOO_ANSWER;
  const mortise_bytes body = {kAnswer, sizeof kAnswer - 1};
  const mortise_http_response_v1 response = {sizeof response, 200, NULL, 0, body};
  (void)self;
  (void)error;
  if (is_asked(request, "fail")) return MORTISE_INTERNAL;
  if (is_asked(request, "slow")) thrd_sleep(&(struct timespec){0, 30000000}, NULL);
  if (is_asked(request, "crash")) *nowhere = 1;
  if (is_asked(request, "exit")) exit(7);
  if (is_asked(request, "overflow") && use_up_stack(NULL) != 0) return MORTISE_INTERNAL;
  return http->respond(exchange, &response);
}

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  const mortise_http_route_v1 route = {
      sizeof route, 0, zoo_str("GET"), zoo_str("/moody"), 0, NULL, handle, 0, 0,
  };
  *self = NULL;
  http = (const mortise_http_v1*)host->get_interface(host->host, zoo_str(MORTISE_HTTP_V1));
  if (http == NULL) return MORTISE_FAILED_PRECONDITION;
  return http->add_route(host->host, &route, error);
}

ZOO_PLUGIN(init)
