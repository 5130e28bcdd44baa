/* Its init returns an error with a message. */
#include "zoo.h"

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  static const char kMessage[] = "the zoo's init always fails";
  (void)host;
  (void)self;
  if (error != NULL && error->capacity >= sizeof kMessage - 1) {
    memcpy(error->message, kMessage, sizeof kMessage - 1);
    error->size = sizeof kMessage - 1;
  }
  return MORTISE_FAILED_PRECONDITION;
}

ZOO_PLUGIN(init)
