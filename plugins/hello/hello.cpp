// A small plugin: one class, three routes, one macro. It greets in other languages while somebody provides greeting/1.
#include <greeter/greeting.hpp>
#include <mortise/mortise.hpp>

#include <string>

class Hello : public mortise::Plugin {
 public:
  explicit Hello(mortise::Context& ctx) : greeting_(ctx.require_optional<greeter::Greeting>()) {
    ctx.http().get("/hello", [](const mortise::Request&, mortise::Response& res) { res.text("Hello, world!\n"); });
    ctx.http().get("/hello/{name}", [this](const mortise::Request& req, mortise::Response& res) {
      res.json({{"greeting", greet(req.param("name"), req.query("language").value_or("en"))}});
    });
  }

 private:
  [[nodiscard]] std::string greet(std::string_view name, std::string_view language) const {
    if (const auto* greeting = greeting_.get()) return greeting->greet(name, language).string();
    if (language != "en") {
      throw mortise::Error(mortise::Status::unavailable, "other languages need a plugin that provides greeting/1");
    }
    return "Hello, " + std::string(name) + "!";
  }

  mortise::OptionalSlot<greeter::Greeting> greeting_;
};
MORTISE_PLUGIN(Hello)
