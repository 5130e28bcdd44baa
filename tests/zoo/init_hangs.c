/* Its init never comes back. */
#include <unistd.h>

#include "zoo.h"

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  (void)host;
  (void)self;
  (void)error;
  while (pause() != 0) continue; /* returns only after a signal, and then not 0 */
  return MORTISE_OK;
}

ZOO_PLUGIN(init)
