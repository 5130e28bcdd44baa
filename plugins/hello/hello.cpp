// The smallest plugin: a class, two routes, one macro. It greets in other languages while a plugin provides greeting/1.
#include <greeter/greeting.hpp>
#include <mortise/mortise.hpp>

class Hello : public mortise::Plugin {
 public:
  explicit Hello(mortise::Context& ctx) {
    ctx.http().get("/hello", [](const mortise::Request&, mortise::Response& res) { res.text("Hello, world!\n"); });
    const auto greeting = ctx.require_optional<greeter::Greeting>();
    ctx.http().get("/hello/{name}", [greeting](const mortise::Request& req, mortise::Response& res) {
      const auto name = std::string(req.param("name"));
      const auto* greeter = greeting.get();
      res.json({{"greeting", greeter ? greeter->greet(name, req.query("language").value_or("en")).string()
                                     : "Hello, " + name + "!"}});
    });
  }
};
MORTISE_PLUGIN(Hello)
