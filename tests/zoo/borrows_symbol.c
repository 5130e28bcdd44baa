/* Calls a function that it does not have, but not before it is started. */
#include "zoo.h"

int zoo_lent(void);

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  (void)host;
  (void)self;
  (void)error;
  return zoo_lent() == 1 ? MORTISE_OK : MORTISE_INTERNAL;
}

ZOO_PLUGIN(init)
