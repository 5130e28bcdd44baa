#include <algorithm>
#include <ostream>

#include "catalog/gate.hpp"
#include "cli/commands.hpp"
#include "http/tls_context.hpp"
#include "release/desired.hpp"
#include "telemetry/log.hpp"

namespace mortise::cli {
namespace {

namespace fs = std::filesystem;

telemetry::LogSettings to_settings(const config::LogConfig& log) {
  using telemetry::Level;
  using Format = telemetry::LogSettings::Format;
  telemetry::LogSettings settings;
  settings.level = log.level == "debug"     ? Level::debug
                   : log.level == "warning" ? Level::warning
                   : log.level == "error"   ? Level::error
                                            : Level::info;
  settings.format = log.format == "text" ? Format::text : log.format == "json" ? Format::json : Format::automatic;
  settings.file = log.file;
  settings.rotation = log.rotation;
  settings.keep = log.keep;
  return settings;
}

catalog::RecordPtr inspect(const std::string& file, const Parts& parts, const catalog::Probe& probe) {
  const auto verdict = catalog::check_file(file, parts.interfaces, parts.files, probe);
  auto record = std::make_shared<catalog::Record>();
  record->path = file;
  record->state = verdict.passed() ? catalog::FileState::verified : catalog::FileState::rejected;
  if (const auto* why = verdict.inspection.rejection()) record->reason = why->message;
  record->sha256 = verdict.sha256;
  record->manifest = verdict.inspection.manifest;
  return record;
}

/// A directory that cannot be listed is a fault; its files count as missing then.
catalog::RecordSet inspect_all(const config::HostConfig& host, const Parts& parts,
                               std::vector<config::Diagnostic>& faults) {
  const auto probe = catalog::make_process_probe(parts.executable, host.probe_timeout);
  const auto found = parts.files.list(host.drop_directory, ".so");
  if (!found) {
    faults.push_back(
        {host.drop_directory, 0, {}, found.error().message + "; create it, or set drop_directory in mortise.json"});
    return {};
  }
  catalog::RecordSet records;
  for (const auto& file : *found) records.put(inspect(file, parts, probe));
  return records;
}

/// What start-up would refuse of the TLS files, at the keys that name them.
std::vector<config::Diagnostic> check_tls_files(const config::HostConfig& host) {
  std::vector<config::Diagnostic> faults;
  for (std::size_t i = 0; i < host.edge.listen.size(); ++i) {
    const auto& tls = host.edge.listen[i].tls;
    if (!tls) continue;
    for (const auto& fault : http::check_tls({.certificate = tls->certificate, .key = tls->key})) {
      const bool is_key = fault.file == http::TlsFault::File::key;
      faults.push_back({.file = host.file,
                        .line = is_key ? tls->key_line : tls->certificate_line,
                        .pointer = "/edge/listen/" + std::to_string(i) + (is_key ? "/tls/key" : "/tls/certificate"),
                        .message = fault.error.message});
    }
  }
  return faults;
}

}  // namespace

std::optional<config::HostConfig> load_or_complain(const fs::path& file, const Parts& parts) {
  auto loaded = config::load_host_config(file, parts.files);
  for (const auto& problem : loaded.problems) parts.err << problem.to_string() << '\n';
  if (!loaded.problems.empty()) return std::nullopt;
  return std::move(loaded.config);
}

int serve(const fs::path& config_file, const Parts& parts) {
  auto host = load_or_complain(config_file, parts);
  if (!host) return kFailed;
  if (const auto configured = telemetry::configure(to_settings(host->log)); !configured) {
    parts.err << configured.error().message << '\n';
    return kFailed;
  }
  return parts.serve(*std::move(host));
}

int check_config(const fs::path& config_file, const Parts& parts) {
  const auto host = load_or_complain(config_file, parts);
  if (!host) return kFailed;
  const auto plugins = config::load_plugin_configs(host->plugins_directory, parts.files);
  auto faults = plugins.problems;
  const auto records = inspect_all(*host, parts, faults);
  const auto desired = release::check_desired(plugins, records, host->drop_directory);
  faults.insert(faults.end(), desired.begin(), desired.end());
  const auto tls = check_tls_files(*host);
  faults.insert(faults.end(), tls.begin(), tls.end());
  for (const auto& fault : faults) parts.err << fault.to_string() << '\n';
  if (!faults.empty()) return kFailed;
  const auto enabled =
      std::count_if(plugins.plugins.begin(), plugins.plugins.end(), [](const auto& plugin) { return plugin->enabled; });
  parts.out << host->file.string() << ": valid; " << plugins.plugins.size() << " plugin files, " << enabled
            << " enabled\n";
  return kDone;
}

}  // namespace mortise::cli
