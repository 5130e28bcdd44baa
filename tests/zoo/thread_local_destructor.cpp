// Has a thread-local object with a destructor, which keeps it mapped until the thread has ended.
#include <string>

#include "zoo.h"

static thread_local std::string zoo_text;

static mortise_status init(const mortise_host_v1*, void** self, mortise_error*) {
  zoo_text = "long enough not to fit into the object itself";
  *self = nullptr;
  return MORTISE_OK;
}

ZOO_PLUGIN(init)
