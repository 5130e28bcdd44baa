#include <Poco/Exception.h>
#include <Poco/URI.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/strings.hpp"
#include "config/object_reader.hpp"
#include "config/on_crash.hpp"

namespace mortise::config {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kConfigPointer = "/config";
constexpr std::uint64_t kLeastMemory = std::uint64_t{32} << 20U;  // of which two threads take half
constexpr std::uint64_t kMostMemory = std::uint64_t{1} << 46U;
constexpr unsigned kLeastCpuPercent = 5;       // with less, a process takes seconds to begin
constexpr unsigned kMostCpuPercent = 100'000;  // of a thousand processors
constexpr unsigned kMostWorkers = 64;

/// The places at and below /config, by pointers that start there.
std::map<std::string, std::size_t> lines_of_config(const JsonText& text) {
  std::map<std::string, std::size_t> lines;
  for (const auto& [pointer, place] : text.places) {
    const bool is_below = pointer.compare(0, kConfigPointer.size() + 1, "/config/") == 0;
    if (is_below || pointer == kConfigPointer) lines[pointer.substr(kConfigPointer.size())] = place.line;
  }
  return lines;
}

void read_probation(ObjectReader& reader, ProbationConfig& probation) {
  reader.duration("for", probation.duration, 0ms, 24h);
  reader.integer("requests", probation.requests, 1, 1000000000);
  reader.integer("max_error_percent", probation.max_error_percent, 0, 100);
  std::chrono::milliseconds max_p95{0};
  reader.duration("max_p95", max_p95, 1ms, 1h);
  if (max_p95 > 0ms) probation.max_p95 = max_p95;
}

void read_limits(ObjectReader& reader, LimitsConfig& limits) {
  reader.integer("concurrency", limits.concurrency, 0, 1000000);
  reader.integer("queue", limits.queue, 0, 1000000);
  reader.duration("deadline", limits.deadline, 0ms, 24h);
  reader.integer("threads", limits.threads, 1, 4096);
  reader.integer("log_lines", limits.log_lines, 0, 1000000000);
}

/// "http://HOST:PORT"; `url` becomes that where the port is left out, or there is a slash at the end.
bool is_host_url(std::string& url) {
  try {
    const Poco::URI parsed(url);
    const bool is_whole = parsed.getScheme() == "http" && !parsed.getHost().empty() && parsed.getPort() != 0;
    const bool has_more = !parsed.getUserInfo().empty() || parsed.getPathEtc().size() > 1;
    if (!is_whole || has_more) return false;
    const auto& host = parsed.getHost();
    const bool is_ipv6 = host.find(':') != std::string::npos;
    url = "http://" + (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(parsed.getPort());
    return true;
  } catch (const Poco::Exception&) {
    return false;
  }
}

void read_remote(ObjectReader& placement, PluginConfig& plugin) {
  placement.text("remote", plugin.remote);
  plugin.placement = Placement::remote;
  if (plugin.remote.empty() || is_host_url(plugin.remote)) return;  // what is no text is said already
  placement.fault("remote",
                  "must be the URL of another host, \"http://HOST:PORT\", without a path; for TLS put a proxy between");
}

/// `reader` is of the whole file.
void read_placement(ObjectReader& reader, PluginConfig& plugin) {
  if (reader.is_object("placement")) {
    reader.object("placement", [&](ObjectReader& placement) {
      if (placement.has("remote")) return read_remote(placement, plugin);
      placement.require("probation");
      placement.object("probation", [&](ObjectReader& probation) {
        probation.require("requests");
        probation.integer("requests", plugin.isolated_first, 1, 1000000000);
      });
    });
    return;
  }
  std::string placement;
  reader.one_of("placement", placement, {"inline", "isolated"});
  if (placement == "isolated") plugin.placement = Placement::isolated;
}

/// Likewise.
void read_sandbox(ObjectReader& reader, PluginConfig& plugin) {
  std::string wanted;
  reader.one_of("sandbox", wanted, {"prefer", "require"});
  plugin.sandbox.is_required = wanted == "require";
  if (plugin.sandbox.is_required && plugin.placement != Placement::isolated && plugin.isolated_first == 0) {
    reader.fault("sandbox", "needs \"placement\": \"isolated\": in the host process there is none");
  }
  std::string network;
  reader.one_of("network", network, {"none", "client"});
  plugin.sandbox.grants_network = network == "client";
}

/// Likewise.
void read_expose(ObjectReader& reader, PluginConfig& plugin) {
  if (plugin.placement == Placement::remote && reader.has("expose")) {
    reader.fault("expose", "is for the host that runs the plugin: expose it there");
  }
  if (reader.is_boolean("expose")) return reader.boolean("expose", plugin.expose.has_all);
  reader.texts("expose", "true, or a list of contracts like [\"boutique.currency/1\"]",
               [&](const std::string& contract, std::size_t line) {
                 plugin.expose.contracts.insert(contract);
                 plugin.expose_lines.emplace(contract, line);
               });
}

void read_circuit(ObjectReader& reader, CircuitConfig& circuit) {
  reader.integer("requests", circuit.requests, 1, 1000000000);
  reader.integer("max_error_percent", circuit.max_error_percent, 0, 100);
  reader.duration("window", circuit.window, 1ms, 24h);
  reader.duration("open_for", circuit.open_for, 1ms, 24h);
  reader.integer("probes", circuit.probes, 1, 1000000);
}

void read_canary(ObjectReader& reader, CanaryConfig& canary) {
  reader.require("percent");
  reader.require("for");
  reader.integer("percent", canary.percent, 1, 99);
  reader.duration("for", canary.duration, 1ms, 24h * 30);
  reader.text("key", canary.key);
  const std::string_view key = canary.key;
  const bool has_name = key.starts_with("header:") || key.starts_with("cookie:");
  if (!key.empty() && key != "address" && (!has_name || key.size() == std::string_view("header:").size())) {
    reader.fault("key", "must be \"address\", \"header:NAME\" or \"cookie:NAME\"");
  }
}

/// Null: there is a problem.
PluginConfigPtr load_one(const std::string& file, const base::Result<std::string>& read,
                         std::vector<Diagnostic>& problems) {
  auto plugin = std::make_shared<PluginConfig>();
  plugin->name = base::file_stem(file);
  plugin->file = file;
  if (!base::is_plugin_name(plugin->name)) {
    problems.push_back({file,
                        0,
                        {},
                        "'" + plugin->name +
                            "' is no plugin name; rename the file: lower-case "
                            "letters, digits and '-', a letter first, at most 64"});
    return nullptr;
  }
  auto text = parse_json_file(file, read);
  problems = text.problems;
  if (text.value) {
    ObjectReader reader(text, *text.value, "", problems);
    reader.boolean("enabled", plugin->enabled);
    reader.text("version", plugin->version);
    const auto* config = reader.raw_object("config");
    read_placement(reader, *plugin);
    reader.integer("workers", plugin->workers, 1, kMostWorkers);
    read_sandbox(reader, *plugin);
    read_expose(reader, *plugin);
    reader.object("limits", [&](ObjectReader& inner) {
      read_limits(inner, plugin->limits);
      inner.integer("memory_bytes", plugin->sandbox.memory_bytes, kLeastMemory, kMostMemory);
      inner.integer("cpu_percent", plugin->sandbox.cpu_percent, kLeastCpuPercent, kMostCpuPercent);
    });
    reader.object("circuit", [&](ObjectReader& inner) { read_circuit(inner, plugin->circuit); });
    reader.object("probation", [&](ObjectReader& inner) { read_probation(inner, plugin->probation); });
    plugin->on_crash = read_on_crash(reader);
    reader.object("canary", [&](ObjectReader& inner) { read_canary(inner, plugin->canary.emplace()); });
    reader.finish();
    plugin->config = std::make_shared<const nlohmann::json>(config == nullptr ? nlohmann::json::object() : *config);
    plugin->config_text = plugin->config->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    plugin->config_lines = lines_of_config(text);
  }
  return problems.empty() ? plugin : nullptr;
}

}  // namespace

PluginConfigs::PluginConfigs(std::filesystem::path directory, base::Files& files, Now now)
    : directory_(std::move(directory)),
      files_(files),
      listing_(files, directory_.string(), ".json"),
      now_(std::move(now)) {}

/// A file that is written twice within a tick of its file system's clock may keep its stamp; one that is a link shows
/// the link's.
bool PluginConfigs::is_settled(const base::FileStamp& stamp) const {
  constexpr auto kCoarsestTick = 2s;
  const auto age = now_().time_since_epoch() - std::chrono::nanoseconds(stamp.changed_ns);
  return stamp.is_regular() && age > kCoarsestTick;
}

LoadedPlugins PluginConfigs::load() {
  const auto found = listing_.look();
  const auto directory = files_.open_directory(directory_);
  if (!found) {
    return {.plugins = {},
            .problems = {{directory_,
                          0,
                          {},
                          found.error().message + "; create it, or set plugins_directory in "
                                                  "mortise.json"}}};
  }
  // Each touched file, and those of which the stamp does not tell.
  auto paths = unsure_;
  if (const auto& touched = listing_.touched()) {
    for (const auto& name : *touched) paths.insert(listing_.path_of(name));
  } else {
    for (const auto& [path, stamp] : *found) paths.insert(paths.end(), path);
    for (const auto& [path, known] : known_) paths.insert(path);
  }
  std::vector<PluginConfigPtr> fresh;
  for (const auto& path : paths) {
    if (auto plugin = look_at(*found, path, directory)) fresh.push_back(std::move(plugin));
  }
  if (plugins_.empty()) {
    plugins_ = PluginConfigSet(std::move(fresh));
  } else {
    for (auto& plugin : fresh) plugins_.put(std::move(plugin));
  }
  LoadedPlugins loaded{.plugins = plugins_, .problems = {}};
  for (const auto& path : faulty_) {
    const auto& problems = known_.at(path).problems;
    loaded.problems.insert(loaded.problems.end(), problems.begin(), problems.end());
  }
  return loaded;
}

/// What is to take its place among the plugins; null: it is known as it is, or not to be among them.
PluginConfigPtr PluginConfigs::look_at(std::span<const base::ListedFile> listed, const std::string& path,
                                       const base::Result<base::Directory>& directory) {
  const auto file =
      std::lower_bound(listed.begin(), listed.end(), path,
                       [](const base::ListedFile& one, const std::string& other) { return one.path < other; });
  if (file == listed.end() || file->path != path) {
    forget(path);
    return nullptr;
  }
  const auto before = known_.find(path);
  if (before != known_.end() && before->second.is_settled && before->second.stamp == file->stamp) return nullptr;
  forget(path);
  auto& known = known_[path];
  known.stamp = file->stamp;
  known.is_settled = is_settled(file->stamp);  // before it is read: what is written from now on shows
  const auto text = directory ? files_.read(*directory, path.substr(path.rfind('/') + 1), kMaxConfigBytes)
                              : base::Result<std::string>(directory.error());
  auto plugin = load_one(path, text, known.problems);
  if (!known.problems.empty()) faulty_.insert(path);
  if (!known.is_settled) unsure_.insert(path);
  return plugin;
}

void PluginConfigs::forget(const std::string& path) {
  known_.erase(path);
  unsure_.erase(path);
  faulty_.erase(path);
  plugins_.erase(std::string_view(path).substr(path.rfind('/') + 1));
}

LoadedPlugins load_plugin_configs(const std::filesystem::path& directory, base::Files& files) {
  return PluginConfigs(directory, files).load();
}

}  // namespace mortise::config
