// The smallest plugin: one class, two routes, one macro.
#include <mortise/mortise.hpp>

class Hello : public mortise::Plugin {
 public:
  explicit Hello(mortise::Context& ctx) {
    ctx.http().get("/hello", [](const mortise::Request&, mortise::Response& res) { res.text("Hello, world!\n"); });
    ctx.http().get("/hello/{name}", [](const mortise::Request& req, mortise::Response& res) {
      res.json({{"greeting", "Hello, " + std::string(req.param("name")) + "!"}});
    });
  }
};
MORTISE_PLUGIN(Hello)
