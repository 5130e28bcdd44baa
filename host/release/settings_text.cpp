#include "release/settings_text.hpp"

#include <charconv>

namespace mortise::release {
namespace {

constexpr std::string_view kIsolated = "isolated";
constexpr std::string_view kRemote = "remote=";
constexpr std::string_view kSandbox = "sandbox-required";
constexpr std::string_view kNetwork = "network-granted";
constexpr std::string_view kMemory = "memory_bytes=";
constexpr std::string_view kCpu = "cpu_percent=";
constexpr std::string_view kWorkers = "workers=";
constexpr std::string_view kExposesAll = "exposes-all";
constexpr std::string_view kExposes = "exposes=";

template <class Number>
void read_number(std::string_view word, std::string_view key, Number& number) {
  if (word.starts_with(key)) std::from_chars(word.data() + key.size(), word.data() + word.size(), number);
}

void read_word(std::string_view word, config::PluginConfig& plugin) {
  if (word == kIsolated) plugin.placement = config::Placement::isolated;
  if (word.starts_with(kRemote)) {
    plugin.placement = config::Placement::remote;
    plugin.remote = word.substr(kRemote.size());
  }
  if (word == kSandbox) plugin.sandbox.is_required = true;
  if (word == kNetwork) plugin.sandbox.grants_network = true;
  read_number(word, kMemory, plugin.sandbox.memory_bytes);
  read_number(word, kCpu, plugin.sandbox.cpu_percent);
  read_number(word, kWorkers, plugin.workers);
  if (word == kExposesAll) plugin.expose.has_all = true;
  if (word.starts_with(kExposes)) plugin.expose.contracts.emplace(word.substr(kExposes.size()));
}

void add(std::string& text, std::string_view word) { text.append(word).append(" "); }

std::string exposed_text(const config::ExposeConfig& expose) {
  std::string text;
  if (expose.has_all) add(text, kExposesAll);
  for (const auto& contract : expose.contracts) add(text, std::string(kExposes) + contract);
  return text;
}

}  // namespace

std::string settings_text(const config::PluginConfig& plugin) {
  if (plugin.placement == config::Placement::remote) {
    return std::string(kRemote) + plugin.remote + " " + plugin.config_text;
  }
  auto rest = exposed_text(plugin.expose) + plugin.config_text;
  if (plugin.placement != config::Placement::isolated) return rest;
  std::string text;
  add(text, kIsolated);
  if (plugin.sandbox.is_required) add(text, kSandbox);
  if (plugin.sandbox.grants_network) add(text, kNetwork);
  if (plugin.sandbox.memory_bytes != 0) add(text, std::string(kMemory) + std::to_string(plugin.sandbox.memory_bytes));
  if (plugin.sandbox.cpu_percent != 0) add(text, std::string(kCpu) + std::to_string(plugin.sandbox.cpu_percent));
  if (plugin.workers != 1) add(text, std::string(kWorkers) + std::to_string(plugin.workers));
  return text + rest;
}

bool is_isolated(std::string_view settings) { return settings.starts_with(kIsolated); }

bool is_remote(std::string_view settings) { return settings.starts_with(kRemote); }

bool is_elsewhere(std::string_view settings) { return is_isolated(settings) || is_remote(settings); }

void read_settings(std::string_view text, config::PluginConfig& plugin) {
  plugin.placement = config::Placement::in_line;
  plugin.remote.clear();
  plugin.sandbox = {};
  plugin.workers = 1;
  plugin.expose = {};
  // The config is a JSON object: no word begins as it does.
  while (!text.empty() && text.front() != '{') {
    const auto end = text.find(' ');
    read_word(text.substr(0, end), plugin);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  plugin.config_text = text;
}

}  // namespace mortise::release
