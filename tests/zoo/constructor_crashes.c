/* Crashes while it is loaded, before any function of it is called. */
#include <signal.h>

#include "zoo.h"

__attribute__((constructor)) static void crash(void) { raise(SIGSEGV); }

ZOO_PLUGIN(zoo_init)
