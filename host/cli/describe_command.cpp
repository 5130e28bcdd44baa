#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.hpp"
#include "cli/description.hpp"

namespace mortise::cli {

std::shared_ptr<const manifest::Manifest> read_plugin(const std::filesystem::path& plugin, const Parts& parts) {
  const auto inspection = manifest::inspect(plugin, plugin.string());
  for (const auto& finding : inspection.findings) {
    if (finding.weight == manifest::Finding::Weight::error) parts.err << finding.message << '\n';
  }
  return inspection.rejection() == nullptr ? inspection.manifest : nullptr;
}

int describe(const std::filesystem::path& plugin, bool as_json, const Parts& parts) {
  const auto manifest = read_plugin(plugin, parts);
  if (!manifest) return kFailed;
  if (as_json) {
    auto document = describe_plugin(*manifest);
    parts.out << document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    print_description(*manifest, parts.out);
  }
  return kDone;
}

}  // namespace mortise::cli
