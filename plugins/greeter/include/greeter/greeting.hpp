// greeting/1: greets people in their language. Published by the team of `greeter`; whoever calls it needs this file
// alone.
#pragma once

#include <mortise/contract.hpp>

#include <string_view>

namespace greeter {

struct Greeting {
  /// "Hello, Ada!" in a language by its ISO 639-1 code. Throws `not_found` for a language that is not among
  /// languages().
  mortise::Method<mortise::Str(std::string_view name, std::string_view language)> greet;
  /// The codes of all languages.
  mortise::Method<mortise::List<mortise::Str>()> languages;
};
MORTISE_CONTRACT(Greeting, "greeting", 1, greet, languages)
MORTISE_IDEMPOTENT(Greeting, greet, languages)

}  // namespace greeter
