#include "release/crash_policy.hpp"

namespace mortise::release {

bool is_to_be_quarantined(config::OnCrash policy, std::size_t recent) {
  return policy == config::OnCrash::quarantine || recent >= kMostCrashes;
}

}  // namespace mortise::release
