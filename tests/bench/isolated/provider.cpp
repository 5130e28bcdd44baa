#include <mortise/mortise.hpp>

#include <string>

#include "cross.hpp"

class Provider : public mortise::Plugin {
 public:
  explicit Provider(mortise::Context& ctx) {
    ctx.provide<bench::Cross>(*this);
    // The same as a request, for those who call that way.
    ctx.http().get("/add/{a}/{b}", [this](const mortise::Request& req, mortise::Response& res) {
      const auto number = [&](std::string_view name) { return std::stoll(std::string(req.param(name))); };
      res.json({{"sum", add(number("a"), number("b"))}});
    });
  }

  std::int64_t add(std::int64_t a, std::int64_t b) const { return a + b; }
  std::int64_t take(std::span<const std::uint8_t> bytes) const {
    return static_cast<std::int64_t>(bytes.size()) + bytes.front() + bytes.back();
  }
};
MORTISE_PLUGIN(Provider)
