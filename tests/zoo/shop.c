/* Requires zoo.currency/1, of the provider ZOO_NAME if that is given, and serves GET of ZOO_PATH with 21 units
 * converted: "42 EUR". */
#include <mortise/abi/http.h>

#include <stdio.h>

#include "zoo.h"
#include "zoo_currency.h"

MORTISE_CONTRACT_NOTE(currency_note, ZOO_CURRENCY, ZOO_CURRENCY_METHODS);

#if !defined(ZOO_NAME)
#define ZOO_NAME ""
#endif

static const mortise_contracts_v1* contracts;
static const mortise_http_v1* http;
static uint32_t slot;

static mortise_status handle(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                             mortise_error* error) {
  const mortise_scope* scope = mortise_scope_current(contracts);
  const zoo_currency* currency = (const zoo_currency*)scope->bindings[slot];
  const zoo_money price = {21, {"CHF", 3}};
  const mortise_http_field type = {zoo_str("Content-Type"), zoo_str("text/plain")};
  char text[64];
  zoo_money converted;
  mortise_status status;
  (void)self;
  (void)request;
  (void)error;
  status = currency->convert.call(currency->convert.self, price, zoo_str("EUR"), &converted);
  if (status != MORTISE_OK) return status;
  snprintf(text, sizeof text, "%lld %.*s", (long long)converted.amount, (int)converted.unit.size, converted.unit.data);
  const mortise_bytes body = {(const uint8_t*)text, strlen(text)};
  const mortise_http_response_v1 response = {sizeof response, 200, &type, 1, body};
  return http->respond(exchange, &response);
}

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  const mortise_requirement_v1 requirement = {
      sizeof requirement, 0, zoo_str(ZOO_CURRENCY), zoo_str(ZOO_CURRENCY_METHODS), zoo_str(ZOO_NAME), NULL,
  };
  const mortise_http_route_v1 route = {
      sizeof route, 0, zoo_str("GET"), zoo_str(ZOO_PATH), 0, NULL, handle, 0, 0,
  };
  mortise_status status;
  *self = NULL;
  contracts = (const mortise_contracts_v1*)host->get_interface(host->host, zoo_str(MORTISE_CONTRACTS_V1));
  http = (const mortise_http_v1*)host->get_interface(host->host, zoo_str(MORTISE_HTTP_V1));
  if (contracts == NULL || http == NULL) return MORTISE_FAILED_PRECONDITION;
  status = contracts->require(host->host, &requirement, &slot, error);
  return status != MORTISE_OK ? status : http->add_route(host->host, &route, error);
}

ZOO_PLUGIN(init)
