/* Exports the entry symbol as a variable. */
#include "zoo.h"

ZOO_EXPORT const int mortise_plugin_entry_v1;
const int mortise_plugin_entry_v1 = 1;
