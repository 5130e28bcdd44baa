#include <ostream>

#include "base/strings.hpp"
#include "cli/commands.hpp"
#include "cli/plugin_rows.hpp"

namespace mortise::cli {
namespace {

void warn_if_unknown(const config::HostConfig& host, const std::string& name, const Parts& parts) {
  const auto rows = collect_rows(host, parts);
  std::vector<std::string_view> names;
  for (const auto& row : rows) {
    if (!row.has_file) continue;
    if (row.name == name) return;
    names.push_back(row.name);
  }
  const auto near = base::nearest(name, names);
  parts.err << "warning: no file of plugin '" << name << "' is in '" << host.drop_directory.string() << "'; drop "
            << name << ".so there" << (near.empty() ? "" : ", or did you mean '" + std::string(near) + "'?") << '\n';
}

}  // namespace

int set_enabled(const std::filesystem::path& config_file, const std::string& name, bool value, const Parts& parts) {
  const auto host = load_or_complain(config_file, parts);
  if (!host) return kFailed;
  const auto written = config::set_enabled(host->plugins_directory, name, value, parts.files);
  if (!written) {
    parts.err << "cannot " << (value ? "enable" : "disable") << " '" << name << "': " << written.error().message
              << '\n';
    return kFailed;
  }
  if (value) warn_if_unknown(*host, name, parts);
  parts.out << "plugin '" << name << "' is " << (value ? "enabled" : "disabled")
            << "; a running host picks it up by itself, `mortise list` shows its state\n";
  return kDone;
}

}  // namespace mortise::cli
