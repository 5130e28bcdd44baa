// Whether one plugin's provided contract will do for what another requires. The one place that decides it, for the
// order of start, for bindings and for messages.
#pragma once

#include <optional>
#include <string>

#include "manifest/manifest.hpp"

namespace mortise::manifest {

/// Why a provider of the contract will not do.
struct Mismatch {
  enum class Kind { name, version, methods } kind = Kind::name;
  std::string reason;                    // "method 2 'convert' differs: needs ..., provider 'currency' 2.0.1 has ..."
  std::optional<Difference> difference;  // of the methods
};

/// None when it will do. `required` is one of the consumer's, `provided` one of the provider's of the same contract.
std::optional<Mismatch> find_mismatch(const Manifest& consumer, const RequiredContract& required,
                                      const Manifest& provider, const ProvidedContract& provided);

/// A requirement in words: "boutique.currency/1", "boutique.currency/1 named 'visa' from a plugin of version '>=2'".
std::string to_string(const RequiredContract& required);

}  // namespace mortise::manifest
