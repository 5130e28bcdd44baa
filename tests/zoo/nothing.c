/* Does nothing at all; its defect, if any, is in how it is built or in its manifest. */
#include "zoo.h"

ZOO_PLUGIN(zoo_init)
