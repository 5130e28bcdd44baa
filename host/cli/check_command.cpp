#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.hpp"
#include "cli/description.hpp"

namespace mortise::cli {
namespace {

using nlohmann::json;
using Weight = manifest::Finding::Weight;

const char* to_string(Weight weight) {
  switch (weight) {
    case Weight::error: return "error";
    case Weight::warning: return "warning";
    case Weight::note: return "note";
  }
  return "error";
}

json to_json(const catalog::Verdict& verdict, const std::filesystem::path& plugin) {
  json document{{"file", plugin.string()},   {"passed", verdict.passed()}, {"sha256", verdict.sha256},
                {"findings", json::array()}, {"manifest", nullptr},        {"contracts", nullptr}};
  for (const auto& finding : verdict.inspection.findings) {
    document["findings"].push_back(
        {{"weight", to_string(finding.weight)}, {"check", finding.check}, {"message", finding.message}});
  }
  if (const auto& manifest = verdict.inspection.manifest) {
    document["manifest"] = json::parse(manifest->text, nullptr, false);
    document["contracts"] = describe_contracts(*manifest);
  }
  return document;
}

/// From mortise.json where there is a valid one; a team's build machine has none.
std::chrono::milliseconds probe_limit(const std::filesystem::path& config_file, const Parts& parts) {
  const auto loaded = config::load_host_config(config_file, parts.files);
  return loaded.problems.empty() ? loaded.config.probe_timeout : config::HostConfig{}.probe_timeout;
}

}  // namespace

void print_verdict(const catalog::Verdict& verdict, const std::filesystem::path& plugin, bool as_json,
                   std::ostream& out) {
  if (as_json) {
    out << to_json(verdict, plugin).dump(2, ' ', false, json::error_handler_t::replace) << '\n';
    return;
  }
  if (verdict.inspection.manifest) print_description(*verdict.inspection.manifest, out);
  if (!verdict.sha256.empty()) out << "sha256    " << verdict.sha256 << '\n';
  for (const auto& finding : verdict.inspection.findings) {
    out << '[' << to_string(finding.weight) << "] " << finding.check << ": " << finding.message << '\n';
  }
  out << plugin.string() << (verdict.passed() ? ": passes the gate" : ": is rejected") << '\n';
}

int check_file(const std::filesystem::path& config_file, const std::filesystem::path& plugin, bool as_json,
               const Parts& parts) {
  const auto probe = catalog::make_process_probe(parts.executable, probe_limit(config_file, parts));
  const auto verdict = catalog::check_file(std::filesystem::absolute(plugin), parts.interfaces, parts.files, probe);
  print_verdict(verdict, plugin, as_json, parts.out);
  return verdict.passed() ? kDone : kFailed;
}

}  // namespace mortise::cli
