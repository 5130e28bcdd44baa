/* Answers GET of ZOO_PATH when somebody has opened the FIFO `gate` in its data directory for writing: a test sees by
 * that when a request is inside, and decides when it may leave. Logs a line for each. */
#include <mortise/abi/config.h>
#include <mortise/abi/http.h>
#include <mortise/abi/log.h>
#include <stdio.h>

#include "zoo.h"

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

static mortise_status init(const mortise_host_v1* given, void** self, mortise_error* error) {
  const mortise_http_route_v1 route = {
      sizeof route, MORTISE_HTTP_ROUTE_BLOCKING, zoo_str("GET"), zoo_str(ZOO_PATH), 0, NULL, handle,
  };
  const mortise_config_v1* config = given->get_interface(given->host, zoo_str(MORTISE_CONFIG_V1));
  host = given;
  http = given->get_interface(given->host, zoo_str(MORTISE_HTTP_V1));
  logs = given->get_interface(given->host, zoo_str(MORTISE_LOG_V1));
  *self = NULL;
  if (config == NULL || http == NULL || logs == NULL) return MORTISE_FAILED_PRECONDITION;
  const mortise_str data = config->data_directory(given->host);
  snprintf(gate, sizeof gate, "%.*s/gate", (int)data.size, data.data);
  return http->add_route(given->host, &route, error);
}

ZOO_PLUGIN(init)
