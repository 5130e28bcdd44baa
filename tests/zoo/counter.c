/* Counts its inits in a static variable and hands the count out as its instance: two mappings count apart. */
#include "zoo.h"

static uintptr_t count;

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  (void)host;
  (void)error;
  *self = (void*)++count;
  return MORTISE_OK;
}

ZOO_PLUGIN(init)
