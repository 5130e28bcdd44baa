/* Its entry has no table to return. */
#include "zoo.h"

ZOO_EXPORT const mortise_plugin_v1* mortise_plugin_entry_v1(void);
const mortise_plugin_v1* mortise_plugin_entry_v1(void) { return NULL; }
