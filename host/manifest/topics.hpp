// The events that a plugin has to do with.
#pragma once

#include <string>
#include <vector>

#include "manifest/manifest.hpp"

namespace mortise::manifest {

/// Those that it publishes, and those that it hears; one twice that is both.
std::vector<std::string> topics_of(const Manifest& manifest);

}  // namespace mortise::manifest
