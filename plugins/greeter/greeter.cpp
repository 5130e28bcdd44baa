// Provides a contract to other plugins, and nothing to users.
#include <greeter/greeting.hpp>
#include <mortise/mortise.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace {

struct Language {
  mortise::Str code;
  std::string_view before;
  std::string_view after;
};
constexpr std::array<Language, 4> kLanguages{
    {{"en", "Hello, ", "!"}, {"de", "Hallo, ", "!"}, {"es", "¡Hola, ", "!"}, {"fr", "Bonjour, ", " !"}}};

}  // namespace

class Greeter : public mortise::Plugin {
 public:
  explicit Greeter(mortise::Context& ctx) { ctx.provide<greeter::Greeting>(*this); }

  std::string greet(std::string_view name, std::string_view language) const {
    const auto* const known =
        std::find_if(kLanguages.begin(), kLanguages.end(), [&](const Language& one) { return one.code == language; });
    if (known == kLanguages.end()) {
      throw mortise::Error(mortise::Status::not_found, "no greeting in '" + std::string(language) + "'");
    }
    return std::string(known->before).append(name).append(known->after);
  }

  mortise::List<mortise::Str> languages() const {
    const auto codes = mortise::arena_array<mortise::Str>(kLanguages.size());
    std::transform(kLanguages.begin(), kLanguages.end(), codes.begin(), [](const Language& one) { return one.code; });
    return std::span<const mortise::Str>(codes);
  }
};
MORTISE_PLUGIN(Greeter)
