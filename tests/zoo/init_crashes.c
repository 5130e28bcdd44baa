/* Writes where nothing is, in its init. */
#include "zoo.h"

static int* volatile nowhere = (int*)(uintptr_t)8;

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  (void)host;
  (void)self;
  (void)error;
  *nowhere = 1;
  return MORTISE_OK;
}

ZOO_PLUGIN(init)
