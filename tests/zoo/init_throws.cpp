// Its init lets a C++ exception out, which no plugin may.
#include <stdexcept>

#include "zoo.h"

static mortise_status init(const mortise_host_v1*, void**, mortise_error*) {
  throw std::runtime_error("thrown by the zoo's init");
}

ZOO_PLUGIN(init)
