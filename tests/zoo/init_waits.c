/* Starts at once, unless there is a FIFO `gate` in its data directory: then when somebody has opened that for writing
 * and closed it again. A test sees by it that a host is in the middle of its start, and decides when it goes on. */
#include <mortise/abi/config.h>
#include <stdio.h>

#include "zoo.h"

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  const mortise_config_v1* config = host->get_interface(host->host, zoo_str(MORTISE_CONFIG_V1));
  char gate[4096];
  (void)error;
  *self = NULL;
  if (config == NULL) return MORTISE_FAILED_PRECONDITION;
  const mortise_str data = config->data_directory(host->host);
  snprintf(gate, sizeof gate, "%.*s/gate", (int)data.size, data.data);
  FILE* file = fopen(gate, "re");
  if (file == NULL) return MORTISE_OK;
  while (fgetc(file) != EOF) continue;
  fclose(file);
  return MORTISE_OK;
}

ZOO_PLUGIN(init)
