/* The front of a chain of three, each of which adds the number of its build: GET /stamps walks the chain twice in one
 * request, and answers "10-10-10 10-10-10" when all are of one release. GET /stamps/deferred does the same, and is
 * answered by whichever request of this instance comes next, or by its stop. */
#include <mortise/abi/contracts.h>
#include <mortise/abi/http.h>
#include <pthread.h>
#include <stdio.h>
#include <threads.h>

#include "zoo.h"
#include "zoo_stamp.h"

MORTISE_CONTRACT_NOTE(middle_note, "zoo.stamp-middle/1", ZOO_STAMP_METHODS);

static const mortise_contracts_v1* contracts;
static const mortise_http_v1* http;
static uint32_t slot;

typedef struct answer {
  mortise_http_exchange* exchange; /* NULL: none */
  char text[64];
} answer;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* ThreadSanitizer knows nothing of mtx_t */
static answer deferred;                                   /* guarded by mutex */
static int is_stopped = 0;                                /* guarded by mutex */

static mortise_status walk(char* text, size_t size) {
  const zoo_number* middle = (const zoo_number*)mortise_scope_current(contracts)->bindings[slot];
  int64_t stamps = 0;
  const mortise_status status = middle->get.call(middle->get.self, &stamps);
  if (status != MORTISE_OK) return status;
  snprintf(text, size, "%d-%d-%d", ZOO_STAMP, (int)(stamps / 100), (int)(stamps % 100));
  return MORTISE_OK;
}

/* What else runs gets its turn between the two: a switch may come there. */
static mortise_status walk_twice(answer* made) {
  char one[24];
  char other[24];
  mortise_status status = walk(one, sizeof one);
  thrd_yield();
  if (status == MORTISE_OK) status = walk(other, sizeof other);
  if (status == MORTISE_OK) snprintf(made->text, sizeof made->text, "%s %s", one, other);
  return status;
}

static mortise_status respond(const answer* made) {
  const mortise_bytes body = {(const uint8_t*)made->text, strlen(made->text)};
  const mortise_http_response_v1 response = {sizeof response, 200, NULL, 0, body};
  return made->exchange == NULL ? MORTISE_OK : http->respond(made->exchange, &response);
}

/* Leaves `next` to be answered later, and answers what was left before. */
static mortise_status swap(const answer* next) {
  answer former;
  pthread_mutex_lock(&mutex);
  former = deferred;
  deferred = *next;
  if (is_stopped) deferred.exchange = NULL;
  const int is_late = is_stopped;
  pthread_mutex_unlock(&mutex);
  respond(&former);
  return is_late ? respond(next) : MORTISE_OK;
}

static mortise_status handle(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                             mortise_error* error) {
  answer made = {exchange, ""};
  const answer none = {NULL, ""};
  const mortise_status status = walk_twice(&made);
  (void)self;
  (void)request;
  (void)error;
  if (status != MORTISE_OK) return status;
  swap(&none);
  return respond(&made);
}

static mortise_status handle_deferred(void* self, mortise_http_exchange* exchange,
                                      const mortise_http_request_v1* request, mortise_error* error) {
  answer made = {exchange, ""};
  mortise_status status = walk_twice(&made);
  (void)self;
  (void)request;
  (void)error;
  if (status == MORTISE_OK) status = http->defer(exchange);
  return status != MORTISE_OK ? status : swap(&made);
}

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  const mortise_requirement_v1 requirement = {
      sizeof requirement,         0,           zoo_str("zoo.stamp-middle/1"),
      zoo_str(ZOO_STAMP_METHODS), zoo_str(""), zoo_number_fill_proxy,
  };
  const mortise_http_route_v1 at_once = {
      sizeof at_once, 0, zoo_str("GET"), zoo_str("/stamps"), 0, NULL, handle, 0, 0,
  };
  const mortise_http_route_v1 later = {
      sizeof later, 0, zoo_str("GET"), zoo_str("/stamps/deferred"), 0, NULL, handle_deferred, 0, 0,
  };
  mortise_status status;
  *self = NULL;
  contracts = host->get_interface(host->host, zoo_str(MORTISE_CONTRACTS_V1));
  http = host->get_interface(host->host, zoo_str(MORTISE_HTTP_V1));
  if (contracts == NULL || http == NULL) return MORTISE_FAILED_PRECONDITION;
  status = contracts->require(host->host, &requirement, &slot, error);
  if (status == MORTISE_OK) status = http->add_route(host->host, &at_once, error);
  return status != MORTISE_OK ? status : http->add_route(host->host, &later, error);
}

static void stop(void* self) {
  const answer none = {NULL, ""};
  (void)self;
  pthread_mutex_lock(&mutex);
  is_stopped = 1;
  pthread_mutex_unlock(&mutex);
  swap(&none);
}

static const mortise_plugin_v1 table = {sizeof table, 0, init, stop, zoo_destroy, NULL};
ZOO_EXPORT const mortise_plugin_v1* mortise_plugin_entry_v1(void);
const mortise_plugin_v1* mortise_plugin_entry_v1(void) { return &table; }
