#include "support/prefix.hpp"

#include <chrono>

namespace mortise::integration {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path zoo_file(const std::string& name) { return fs::path(MORTISE_ZOO) / (name + ".so"); }
fs::path shipped_file(const std::string& name) { return fs::path(MORTISE_SHIPPED) / (name + ".so"); }

fs::path built_executable() { return MORTISE_BINARY; }

fs::path Prefix::executable() const {
  const auto installed = path() / "bin/mortise";
  return fs::exists(installed) ? installed : built_executable();
}

void Prefix::install_executable(const fs::path& file) {
  const auto folder = path() / "bin";
  fs::create_directories(folder);
  fs::copy_file(file, folder / "mortise.new");
  fs::rename(folder / "mortise.new", folder / "mortise");
}

Prefix::Prefix() {
  for (const auto& folder : {plugins_directory(), drop_directory()}) fs::create_directories(folder);
  configure({{"settle_ms", 50},
             {"probe_timeout_ms", 45000},
             {"init_timeout_ms", 45000},
             {"stop_timeout_ms", 45000},
             {"edge",
              {{"threads", 2},
               {"shutdown_grace_ms", 45000},
               {"listen", json::array({{{"address", "127.0.0.1"}, {"port", 0}}})}}},
             {"log", {{"format", "json"}}}});
}

void Prefix::configure(const json& changes) {
  config_.merge_patch(changes);
  testing::write_file(config_file(), config_.dump(2));
}

fs::path Prefix::drop(const fs::path& file, const std::string& as) {
  const auto name = as.empty() ? file.stem().string() : as;
  const auto hidden = drop_directory() / ("." + name + ".so");
  const auto target = drop_directory() / (name + ".so");
  fs::copy_file(file, hidden);
  // As if it had been written long ago: who wants to see a file settle writes it in place.
  fs::last_write_time(hidden, fs::file_time_type::clock::now() - std::chrono::minutes(1));
  fs::rename(hidden, target);
  return target;
}

void Prefix::write_plugin(const std::string& name, const std::string& text) {
  const auto hidden = plugins_directory() / ("." + name);
  testing::write_file(hidden, text);
  fs::rename(hidden, plugins_directory() / (name + ".json"));
}

void Prefix::enable(const std::string& name, const json& config) {
  write_plugin(name, json{{"enabled", true}, {"config", config}, {"placement", placement_}}.dump(2));
}

void Prefix::disable(const std::string& name) { write_plugin(name, R"({"enabled": false})"); }

void Prefix::add_zoo(const std::string& file, const std::string& name) {
  drop(zoo_file(file));
  enable(name.empty() ? file : name);
}

void Prefix::add_shipped(const std::string& name, const json& config) {
  drop(shipped_file(name));
  enable(name, config);
}

}  // namespace mortise::integration
