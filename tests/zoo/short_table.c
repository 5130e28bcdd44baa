/* Its table ends before the first version's did. */
#include "zoo.h"

static const mortise_plugin_v1 table = {8, 0, zoo_init, NULL, zoo_destroy, NULL};

ZOO_EXPORT const mortise_plugin_v1* mortise_plugin_entry_v1(void);
const mortise_plugin_v1* mortise_plugin_entry_v1(void) { return &table; }
