/* Exports the entry of an ABI major that does not exist yet. */
#include "zoo.h"

ZOO_EXPORT const void* mortise_plugin_entry_v2(void);
const void* mortise_plugin_entry_v2(void) { return NULL; }
