// Lets an exception out while it is loaded.
#include <stdexcept>

#include "zoo.h"

namespace {
struct Thrower {
  Thrower() { throw std::runtime_error("thrown while loading"); }
} const thrower;
}  // namespace

ZOO_PLUGIN(zoo_init)
