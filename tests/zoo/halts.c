/* Answers GET of ZOO_PATH with its version ZOO_ANSWER, and halts in the hook that the file `halt` in its data directory
 * names ("1.1.0 init"), until somebody has opened the FIFO `gate` there for writing and closed it again: a test knows
 * that a release has come that far, and that it goes no further. */
#include <mortise/abi/config.h>
#include <mortise/abi/health.h>
#include <mortise/abi/http.h>
#include <mortise/abi/state.h>
#include <stdio.h>

#include "zoo.h"

static const mortise_http_v1* http;
static char folder[4000];

static void halt_in(const char* hook) {
  char path[4096];
  char asked[64] = "";
  char here[64];
  FILE* file;
  snprintf(path, sizeof path, "%s/halt", folder);
  file = fopen(path, "re");
  if (file == NULL) return;
  if (fgets(asked, sizeof asked, file) == NULL) asked[0] = '\0';
  fclose(file);
  snprintf(here, sizeof here, "%s %s", ZOO_ANSWER, hook);
  if (strcmp(asked, here) != 0) return;
  snprintf(path, sizeof path, "%s/gate", folder);
  file = fopen(path, "re");
  if (file == NULL) return;
  while (fgetc(file) != EOF) continue;
  fclose(file);
}

static mortise_status handle(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                             mortise_error* error) {
  static const uint8_t kAnswer[] = ZOO_ANSWER;
  const mortise_bytes body = {kAnswer, sizeof kAnswer - 1};
  const mortise_http_response_v1 response = {sizeof response, 200, NULL, 0, body};
  (void)self;
  (void)request;
  (void)error;
  return http->respond(exchange, &response);
}

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  const mortise_http_route_v1 route = {
      sizeof route, 0, zoo_str("GET"), zoo_str(ZOO_PATH), 0, NULL, handle, 0, 0,
  };
  const mortise_config_v1* config = host->get_interface(host->host, zoo_str(MORTISE_CONFIG_V1));
  http = host->get_interface(host->host, zoo_str(MORTISE_HTTP_V1));
  *self = NULL;
  if (config == NULL || http == NULL) return MORTISE_FAILED_PRECONDITION;
  const mortise_str data = config->data_directory(host->host);
  snprintf(folder, sizeof folder, "%.*s", (int)data.size, data.data);
  halt_in("init");
  return http->add_route(host->host, &route, error);
}

static void stop(void* self) {
  (void)self;
  halt_in("stop");
}

static void destroy(void* self) {
  (void)self;
  halt_in("destroy");
}

static mortise_status export_what(const char* hook, const mortise_state_writer_v1* writer) {
  static const uint8_t kState[] = "known";
  const mortise_bytes piece = {kState, sizeof kState};
  halt_in(hook);
  return writer->write(writer->target, piece);
}

static mortise_status export_snapshot(void* self, const mortise_state_writer_v1* writer, mortise_error* error) {
  (void)self;
  (void)error;
  return export_what("export_snapshot", writer);
}

static mortise_status export_rest(void* self, const mortise_state_writer_v1* writer, mortise_error* error) {
  (void)self;
  (void)error;
  return export_what("export_rest", writer);
}

static mortise_status import_snapshot(void* self, uint32_t version, mortise_bytes state, mortise_error* error) {
  (void)self;
  (void)version;
  (void)state;
  (void)error;
  halt_in("import_snapshot");
  return MORTISE_OK;
}

static mortise_status import_rest(void* self, uint32_t version, mortise_bytes state, mortise_error* error) {
  (void)self;
  (void)version;
  (void)state;
  (void)error;
  halt_in("import_rest");
  return MORTISE_OK;
}

static mortise_status check(void* self, mortise_error* error) {
  (void)self;
  (void)error;
  halt_in("check");
  return MORTISE_OK;
}

static const mortise_health_v1 health = {sizeof health, 0, check};
static const mortise_state_v1 state = {sizeof state, 1, export_snapshot, import_snapshot, export_rest, import_rest};

static const void* get_interface(void* self, mortise_str id) {
  (void)self;
  if (id.size == strlen(MORTISE_HEALTH_V1) && memcmp(id.data, MORTISE_HEALTH_V1, id.size) == 0) return &health;
  if (id.size == strlen(MORTISE_STATE_V1) && memcmp(id.data, MORTISE_STATE_V1, id.size) == 0) return &state;
  return NULL;
}

static const mortise_plugin_v1 table = {sizeof table, 0, init, stop, destroy, get_interface};
ZOO_EXPORT const mortise_plugin_v1* mortise_plugin_entry_v1(void);
const mortise_plugin_v1* mortise_plugin_entry_v1(void) { return &table; }
