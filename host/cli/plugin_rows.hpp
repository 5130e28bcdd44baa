// One row for each plugin that anything knows of: plugins.d, the catalogue, the running host.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "cli/command_line.hpp"
#include "cli/host_status.hpp"

namespace mortise::cli {

struct PluginRow {
  std::string name;
  std::string version;          // that runs, else the one in the catalogue
  std::string enabled = "no";   // "yes", "no", "faulty": its file in plugins.d is
  std::string catalogue = "-";  // "verified", "rejected", "pending"; "new": dropped, not looked at yet
  std::string runtime = "-";
  std::string reason;
  bool has_file = false;  // in the catalogue or in the drop directory
};

/// Pure: joins the three by name, ordered by it. A record without a manifest goes by its file's name.
std::map<std::string, PluginRow> join_rows(const config::LoadedPlugins& plugins,
                                           const std::vector<catalog::RecordPtr>& records,
                                           const std::map<std::string, RuntimeState>& states);

/// Reads all three; what cannot be read is said on `parts.err`.
std::vector<PluginRow> collect_rows(const config::HostConfig& host, const Parts& parts);

void print_rows(const std::vector<PluginRow>& rows, bool as_json, std::ostream& out);

}  // namespace mortise::cli
