// A plugin's manifest and the methods of its contracts, as people and as programs read them.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>

#include "manifest/manifest.hpp"

namespace mortise::cli {

void print_description(const manifest::Manifest& manifest, std::ostream& out);

/// Its contracts alone, as {"provides": [...], "requires": [...]}, each with its methods.
nlohmann::ordered_json describe_contracts(const manifest::Manifest& manifest);
/// The same with name, version, summary, ABI major and interfaces.
nlohmann::ordered_json describe_plugin(const manifest::Manifest& manifest);

}  // namespace mortise::cli
