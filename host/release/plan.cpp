#include "release/plan.hpp"

namespace mortise::release {

const char* to_string(Step::Kind kind) {
  switch (kind) {
    case Step::Kind::start: return "start";
    case Step::Kind::upgrade: return "upgrade";
    case Step::Kind::downgrade: return "downgrade";
    case Step::Kind::rebuild: return "rebuild";
    case Step::Kind::reconfigure: return "reconfigure";
    case Step::Kind::stop: return "stop";
  }
  return "unknown";
}

}  // namespace mortise::release
