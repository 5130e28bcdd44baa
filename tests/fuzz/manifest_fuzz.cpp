// Arbitrary bytes as a plugin's file, as the text of a manifest, and as a contract's methods. None may crash, and what
// is accepted keeps the promises that the rest of the host relies on.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/strings.hpp"
#include "manifest/binary.hpp"
#include "manifest/contract_notes.hpp"
#include "manifest/manifest.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_accepted(const mortise::manifest::Manifest& manifest) {
  require(mortise::base::is_plugin_name(manifest.name));
  require(mortise::manifest::Version::parse(manifest.version.to_string()).has_value());
  require(manifest.abi_major > 0);
  // The catalogue keeps the text and parses it again after a restart.
  const auto again = mortise::manifest::parse_manifest(manifest.text);
  require(again.has_value() && again->name == manifest.name && again->version == manifest.version);
  for (const auto& required : manifest.requires_) {
    require(mortise::manifest::VersionRange::parse(required.provider.text()).has_value());
  }
}

/// What passes the gate has the methods of all its contracts, and the catalogue can keep them.
void check_contracts(const mortise::manifest::Manifest& manifest) {
  for (const auto& provided : manifest.provides) require(!manifest.methods_of(provided.contract).empty());
  for (const auto& required : manifest.requires_) require(!manifest.methods_of(required.contract).empty());
  const auto kept = to_text(manifest.contracts);
  const auto again = mortise::manifest::parse_contracts(kept, manifest);
  require(again.has_value() && to_text(*again) == kept);
}

/// Half of the lines against all of them, either way round.
void check_methods(std::string_view text) {
  const auto methods = mortise::manifest::parse_methods(text);
  if (!methods) return;
  require(!methods->empty() && to_text(*methods) == text);
  const mortise::manifest::Methods half(methods->begin(), methods->begin() + (methods->size() + 1) / 2);
  require(!find_difference(half, *methods));
  const auto difference = find_difference(*methods, half);
  require(difference.has_value() == (half.size() < methods->size()));
  if (difference) require(difference->number == half.size() + 1 && !difference->side_by_side("a", "b").empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto manifest = mortise::manifest::parse_manifest(text)) check_accepted(*manifest);

  const auto inspection = mortise::manifest::inspect_bytes({data, size}, "fuzzed.so");
  require(inspection.rejection() != nullptr || inspection.manifest != nullptr);
  if (inspection.manifest) check_accepted(*inspection.manifest);
  if (inspection.rejection() == nullptr) check_contracts(*inspection.manifest);
  check_methods(text);

  if (const auto range = mortise::manifest::VersionRange::parse(text)) {
    static_cast<void>(range->contains(mortise::manifest::Version::parse("1.2.3-rc.1").value()));
  }
  return 0;
}
