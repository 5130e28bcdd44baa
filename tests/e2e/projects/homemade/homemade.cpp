// Exports what it should not, and carries no manifest.
#include <mortise/mortise.hpp>

class Homemade : public mortise::Plugin {
 public:
  explicit Homemade(mortise::Context&) {}
};
MORTISE_PLUGIN(Homemade)

extern "C" __attribute__((visibility("default"))) int homemade_helper();
int homemade_helper() { return 1; }
