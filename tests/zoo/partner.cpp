// The other half of the circle that plugins/chaos begins.
#include <mortise/mortise.hpp>

#include "../../plugins/chaos/descent.hpp"

namespace {

class Partner : public mortise::Plugin {
 public:
  explicit Partner(mortise::Context& ctx) : chaos_(ctx.require_optional<chaos::Descent>("chaos")) {
    ctx.provide<chaos::Descent>(*this);
  }
  std::int64_t step(std::int64_t depth) const {
    const auto* const chaos = chaos_.get();
    return chaos == nullptr ? depth : chaos->step(depth + 1);
  }

 private:
  mortise::OptionalSlot<chaos::Descent> chaos_;
};

}  // namespace

MORTISE_PLUGIN(Partner)
