// A plugin that fails in whichever way it is asked to, by URL or by config: what the host makes of each is a row of
// docs/faults.md.
#include <chrono>
#include <thread>

#include "faults.hpp"

namespace chaos {

class Chaos : public mortise::Plugin {
 public:
  explicit Chaos(mortise::Context& ctx) : hoard_(ctx), circle_(ctx) {
    add_failures(ctx);
    add_hangs(ctx);
    add_crashes(ctx);
    add_escapes(ctx);
    auto& http = ctx.http();
    http.get("/chaos/well", [](const mortise::Request&, mortise::Response& res) { res.text("well"); });
    const auto config = ctx.config();
    if (config.value("broken_route", false)) {
      http.get("chaos/{", [](const mortise::Request&, mortise::Response& res) { res.text("never"); });
    }
    if (config.value("runs_on", false)) {
      std::thread([] {
        for (;;) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }).detach();
    }
  }

 private:
  Hoard hoard_;
  Circle circle_;
};

}  // namespace chaos

MORTISE_PLUGIN(chaos::Chaos)
