// Says which version of it answers; also with files and settings.
#include <mortise/mortise.hpp>

#include "greet_assets.hpp"

class Greet : public mortise::Plugin {
 public:
  explicit Greet(mortise::Context& ctx) {
    const auto answer = ctx.config().value("word", std::string("hello")) + " from " + std::string(ctx.version());
    ctx.http().get("/greet", [answer](const mortise::Request&, mortise::Response& res) { res.text(answer); });
    ctx.assets().mount("/greet/files", greet_assets());
  }
};
MORTISE_PLUGIN(Greet)
