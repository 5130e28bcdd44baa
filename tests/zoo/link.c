/* One link of a chain: provides ZOO_OWN, whose one method tells how many links follow, by asking that of ZOO_NEXT.
 * Without ZOO_NEXT it is the end. With ZOO_PATH it serves the number there. With ZOO_STAMP it is a link of the chain of
 * stamps.c, and tells its own stamp before those that follow. */
#include <mortise/abi/contracts.h>
#include <mortise/abi/http.h>
#include <stdio.h>

#include "zoo.h"
#include "zoo_number.h"

#if defined(ZOO_STAMP)
#include "zoo_stamp.h"
#define METHODS ZOO_STAMP_METHODS
#define OF_ITSELF (ZOO_STAMP)
#else
#define METHODS "following()->i64"
#define OF_ITSELF 0
#endif

static const mortise_contracts_v1* contracts;

MORTISE_CONTRACT_NOTE(own_note, ZOO_OWN, METHODS);

#if defined(ZOO_NEXT)
MORTISE_CONTRACT_NOTE(next_note, ZOO_NEXT, METHODS);

static uint32_t slot;

static mortise_status following(void* self, int64_t* result) {
  const zoo_number* next = (const zoo_number*)mortise_scope_current(contracts)->bindings[slot];
  const mortise_status status = next->get.call(next->get.self, result);
  (void)self;
#if defined(ZOO_STAMP)
  if (status == MORTISE_OK) *result += ZOO_STAMP * 100;
#else
  if (status == MORTISE_OK) ++*result;
#endif
  return status;
}

static mortise_status require_next(const mortise_host_v1* host, mortise_error* error) {
  const mortise_requirement_v1 requirement = {
      sizeof requirement, 0, zoo_str(ZOO_NEXT), zoo_str(METHODS), zoo_str(""), zoo_number_fill_proxy,
  };
  return contracts->require(host->host, &requirement, &slot, error);
}
#else
static mortise_status following(void* self, int64_t* result) {
  (void)self;
  *result = OF_ITSELF;
  return MORTISE_OK;
}

static mortise_status require_next(const mortise_host_v1* host, mortise_error* error) {
  (void)host;
  (void)error;
  return MORTISE_OK;
}
#endif

#if defined(ZOO_PATH)
static const mortise_http_v1* http;

static mortise_status handle(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                             mortise_error* error) {
  char text[32];
  int64_t count = 0;
  const mortise_status status = following(self, &count);
  (void)request;
  (void)error;
  if (status != MORTISE_OK) return status;
  snprintf(text, sizeof text, "%lld", (long long)count);
  const mortise_bytes body = {(const uint8_t*)text, strlen(text)};
  const mortise_http_response_v1 response = {sizeof response, 200, NULL, 0, body};
  return http->respond(exchange, &response);
}

static mortise_status serve(const mortise_host_v1* host, mortise_error* error) {
  const mortise_http_route_v1 route = {
      sizeof route, 0, zoo_str("GET"), zoo_str(ZOO_PATH), 0, NULL, handle, 0, 0,
  };
  http = (const mortise_http_v1*)host->get_interface(host->host, zoo_str(MORTISE_HTTP_V1));
  return http == NULL ? MORTISE_FAILED_PRECONDITION : http->add_route(host->host, &route, error);
}
#else
static mortise_status serve(const mortise_host_v1* host, mortise_error* error) {
  (void)host;
  (void)error;
  return MORTISE_OK;
}
#endif

static const zoo_number provided = {{following, NULL}};

static mortise_status dispatch(const void* contract, uint32_t method, mortise_bytes request, mortise_bytes* reply) {
  return zoo_number_answer(contracts, (const zoo_number*)contract, method, request, reply);
}

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  const mortise_provision_v1 provision = {
      sizeof provision, 0, zoo_str(ZOO_OWN), zoo_str(METHODS), zoo_str(""), &provided, dispatch,
  };
  mortise_status status;
  *self = NULL;
#if defined(ZOO_FAILS)
  return MORTISE_UNAVAILABLE;
#endif
  contracts = (const mortise_contracts_v1*)host->get_interface(host->host, zoo_str(MORTISE_CONTRACTS_V1));
  if (contracts == NULL) return MORTISE_FAILED_PRECONDITION;
  status = require_next(host, error);
  if (status == MORTISE_OK) status = contracts->provide(host->host, &provision, error);
  return status != MORTISE_OK ? status : serve(host, error);
}

ZOO_PLUGIN(init)
