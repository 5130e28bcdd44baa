// What a plugin says of itself: the JSON in its ELF note, as values. Reading it runs nothing of the file.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "manifest/version.hpp"

namespace mortise::manifest {

/// A contract that the plugin offers: id without version, and the version.
struct ProvidedContract {
  std::string name;
  std::uint32_t version = 1;
};

/// A contract that the plugin wants from others.
struct RequiredContract {
  std::string name;
  std::uint32_t version = 1;
  VersionRange provider;  // which versions of a providing plugin will do
  bool optional = false;
};

/// Immutable once parsed; copied freely.
struct Manifest {
  std::string name;
  Version version;
  std::string summary;
  std::uint32_t abi_major = 0;
  std::vector<std::string> interfaces;  // ids that the host must have: "mortise.http/1"
  std::vector<ProvidedContract> provides;
  std::vector<RequiredContract> requires_;
  std::shared_ptr<const nlohmann::json> config_schema;  // JSON Schema of the plugin's config; null: takes none
  bool unloadable = true;                               // may be dlclosed

  /// The text that was parsed.
  std::string text;
};

/// Parses and checks a manifest: syntax, required fields (name, version, abi), types, unknown keys. The error
/// names the JSON pointer of the fault and what is expected there. Of a manifest for another ABI major only name,
/// version and abi are read: the rest is in a form that this host does not know.
base::Result<Manifest> parse_manifest(std::string_view text);

}  // namespace mortise::manifest
