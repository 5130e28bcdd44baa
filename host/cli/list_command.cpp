#include "cli/commands.hpp"
#include "cli/plugin_rows.hpp"

namespace mortise::cli {

int list(const std::filesystem::path& config_file, bool as_json, const Parts& parts) {
  const auto host = load_or_complain(config_file, parts);
  if (!host) return kFailed;
  print_rows(collect_rows(*host, parts), as_json, parts.out);
  return kDone;
}

}  // namespace mortise::cli
