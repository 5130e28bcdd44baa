/* A library without the entry symbol. */
#include "zoo.h"

ZOO_EXPORT int zoo_nothing(void);
int zoo_nothing(void) { return 0; }
