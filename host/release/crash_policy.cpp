#include "release/crash_policy.hpp"

namespace mortise::release {

config::OnCrash consequence_of(config::OnCrash policy, std::size_t recent) {
  return recent >= kMostCrashes ? config::OnCrash::quarantine : policy;
}

}  // namespace mortise::release
