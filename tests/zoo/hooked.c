/* Does what the test's own hooks do: a real plugin whose handlers are the test's functions. */
#include <mortise/abi/config.h>

#include "zoo.h"
#include "zoo_hooks.h"

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  const mortise_config_v1* config =
      (const mortise_config_v1*)host->get_interface(host->host, zoo_str(MORTISE_CONFIG_V1));
  const mortise_str json = config->json(host->host);
  uintptr_t address = 0;
  for (uint64_t i = 0; i < json.size; ++i) address = address * 10 + (uintptr_t)(json.data[i] - '0');
  *self = (void*)address;
  const zoo_hooks* hooks = (const zoo_hooks*)*self;
  return hooks->init(hooks->self, host, error);
}

static void stop(void* self) { ((const zoo_hooks*)self)->stop(((const zoo_hooks*)self)->self); }
static void destroy(void* self) { ((const zoo_hooks*)self)->destroy(((const zoo_hooks*)self)->self); }

static const mortise_plugin_v1 table = {sizeof table, 0, init, stop, destroy, NULL};
ZOO_EXPORT const mortise_plugin_v1* mortise_plugin_entry_v1(void);
const mortise_plugin_v1* mortise_plugin_entry_v1(void) { return &table; }
