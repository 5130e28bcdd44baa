/* Copies what it is handed into a buffer on the stack: what the stack protector and FORTIFY watch over. */
#include <mortise/abi/config.h>
#include <mortise/abi/log.h>
#include <mortise/abi/plugin.h>
#include <string.h>

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  static const char kConfig[] = MORTISE_CONFIG_V1;
  static const char kLog[] = MORTISE_LOG_V1;
  const mortise_str config_id = {kConfig, sizeof kConfig - 1};
  const mortise_str log_id = {kLog, sizeof kLog - 1};
  const mortise_config_v1* config = host->get_interface(host->host, config_id);
  const mortise_log_v1* log = host->get_interface(host->host, log_id);
  char copy[65];
  const mortise_str name = config->plugin_name(host->host);
  const mortise_str message = {copy, name.size};
  (void)error;
  memcpy(copy, name.data, (size_t)name.size);
  log->write(host->host, MORTISE_LOG_INFO, message, NULL, 0);
  *self = NULL;
  return MORTISE_OK;
}

static void destroy(void* self) { (void)self; }

static const mortise_plugin_v1 plugin = {sizeof plugin, 0, init, NULL, destroy, NULL};

const mortise_plugin_v1* mortise_plugin_entry_v1(void) { return &plugin; }
