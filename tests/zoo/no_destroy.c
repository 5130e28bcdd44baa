/* Its table lacks the hook that frees the instance. */
#include "zoo.h"

static const mortise_plugin_v1 table = {sizeof(mortise_plugin_v1), 0, zoo_init, NULL, NULL, NULL};

ZOO_EXPORT const mortise_plugin_v1* mortise_plugin_entry_v1(void);
const mortise_plugin_v1* mortise_plugin_entry_v1(void) { return &table; }
