/* Answers GET of ZOO_PATH when somebody has opened the FIFO `gate` in its data directory for writing: a test sees by
 * that when a request is inside, and decides when it may leave. Logs a line for each. With ZOO_REQUIRES it also
 * requires zoo.currency/1. */
#include <mortise/abi/config.h>
#include <mortise/abi/http.h>
#include <mortise/abi/log.h>
#include <stdio.h>

#include "zoo.h"
#include "zoo_currency.h"

static const mortise_host_v1* host;
static const mortise_http_v1* http;
static const mortise_log_v1* logs;
static char gate[4096];

static mortise_status handle(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                             mortise_error* error) {
  static const uint8_t kAnswer[] = ZOO_ANSWER;
  const mortise_bytes body = {kAnswer, sizeof kAnswer - 1};
  const mortise_http_response_v1 response = {sizeof response, 200, NULL, 0, body};
  FILE* file = fopen(gate, "re");
  (void)self;
  (void)request;
  (void)error;
  logs->write(host->host, MORTISE_LOG_INFO, zoo_str("waiting at the gate"), NULL, 0);
  if (file == NULL) return MORTISE_FAILED_PRECONDITION;
  while (fgetc(file) != EOF) continue;
  fclose(file);
  return http->respond(exchange, &response);
}

#if defined(ZOO_REQUIRES)
MORTISE_CONTRACT_NOTE(currency_note, ZOO_CURRENCY, ZOO_CURRENCY_METHODS);

static mortise_status require_currency(const mortise_host_v1* given, mortise_error* error) {
  const mortise_contracts_v1* contracts = given->get_interface(given->host, zoo_str(MORTISE_CONTRACTS_V1));
  const mortise_requirement_v1 requirement = {
      sizeof requirement, 0, zoo_str(ZOO_CURRENCY), zoo_str(ZOO_CURRENCY_METHODS), zoo_str(""), NULL,
  };
  uint32_t slot;
  return contracts == NULL ? MORTISE_FAILED_PRECONDITION : contracts->require(given->host, &requirement, &slot, error);
}
#endif

static mortise_status init(const mortise_host_v1* given, void** self, mortise_error* error) {
  const mortise_http_route_v1 route = {
      sizeof route, MORTISE_HTTP_ROUTE_BLOCKING, zoo_str("GET"), zoo_str(ZOO_PATH), 0, NULL, handle, 0, 0,
  };
  const mortise_config_v1* config = given->get_interface(given->host, zoo_str(MORTISE_CONFIG_V1));
  host = given;
  http = given->get_interface(given->host, zoo_str(MORTISE_HTTP_V1));
  logs = given->get_interface(given->host, zoo_str(MORTISE_LOG_V1));
  *self = NULL;
  if (config == NULL || http == NULL || logs == NULL) return MORTISE_FAILED_PRECONDITION;
  const mortise_str data = config->data_directory(given->host);
  snprintf(gate, sizeof gate, "%.*s/gate", (int)data.size, data.data);
#if defined(ZOO_REQUIRES)
  const mortise_status required = require_currency(given, error);
  if (required != MORTISE_OK) return required;
#endif
  return http->add_route(given->host, &route, error);
}

ZOO_PLUGIN(init)
