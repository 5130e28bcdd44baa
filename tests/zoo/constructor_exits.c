/* Ends the process that loads it, with a code that says nothing. */
#include <stdlib.h>

#include "zoo.h"

__attribute__((constructor)) static void leave(void) { exit(1); }

ZOO_PLUGIN(zoo_init)
