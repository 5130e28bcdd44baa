/* Exports a function beside its entry. */
#include "zoo.h"

ZOO_EXPORT int zoo_leaked(void);
int zoo_leaked(void) { return 1; }

ZOO_PLUGIN(zoo_init)
