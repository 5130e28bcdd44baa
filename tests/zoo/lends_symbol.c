/* Exports a function that another plugin lacks. */
#include "zoo.h"

ZOO_EXPORT int zoo_lent(void);
int zoo_lent(void) { return 1; }

ZOO_PLUGIN(zoo_init)
