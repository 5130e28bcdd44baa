// Each key of mortise.json on its way: from the file to the value that the parts of the host are given. One that is
// read into its neighbour's place, or not at all, fails here; so does a default that docs/configuration.md tells wrong.
#include <gtest/gtest.h>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "base/temporary_directory.hpp"
#include "config/config.hpp"
#include "edge_settings.hpp"

namespace mortise {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Values = std::map<std::string, json>;  // by key, as in the documentation: "edge.threads"

json to_json(const std::vector<http::Listen>& listen) {
  auto list = json::array();
  for (const auto& one : listen) {
    list.push_back({{"address", one.address}, {"port", one.port}});
    if (!one.tls) continue;
    list.back()["tls"] = {{"certificate", one.tls->certificate.string()}, {"key", one.tls->key.string()}};
  }
  return list;
}

std::string octal(mode_t mode) {
  std::ostringstream text;
  text << '0' << std::oct << mode;
  return text.str();
}

std::string to_text(config::OnCrash policy) {
  switch (policy) {
    case config::OnCrash::isolate: return "isolate";
    case config::OnCrash::quarantine: return "quarantine";
    case config::OnCrash::restart: return "restart";
  }
  return {};
}

/// What has arrived; of the edge, what the HTTP server is told.
Values arrived(const config::HostConfig& host) {
  const auto edge = edge_settings(host.edge);
  return {{"drop_directory", host.drop_directory.string()},
          {"plugins_directory", host.plugins_directory.string()},
          {"state_directory", host.state_directory.string()},
          {"settle_ms", host.settle.count()},
          {"probe_timeout_ms", host.probe_timeout.count()},
          {"init_timeout_ms", host.init_timeout.count()},
          {"stop_timeout_ms", host.stop_timeout.count()},
          {"upgrade_timeout_ms", host.upgrade_timeout.count()},
          {"arena_max_bytes", host.arena_max_bytes},
          {"left_mapped_limit", host.left_mapped_limit},
          {"on_crash", to_text(host.on_crash)},
          {"apply", host.apply_mode == config::ApplyMode::manual ? "manual" : "auto"},
          {"control_socket", host.control_socket.string()},
          {"control_socket_mode", octal(host.control_socket_mode)},
          {"control_group", host.control_group.string()},
          {"edge.listen", to_json(edge.listen)},
          {"edge.threads", edge.threads},
          {"edge.blocking_threads", edge.blocking_threads},
          {"edge.max_header_bytes", edge.max_header_bytes},
          {"edge.max_body_bytes", edge.max_body_bytes},
          {"edge.max_connections", edge.max_connections},
          {"edge.header_timeout_ms", edge.header_timeout.count()},
          {"edge.body_timeout_ms", edge.body_timeout.count()},
          {"edge.idle_timeout_ms", edge.idle_timeout.count()},
          {"edge.write_timeout_ms", edge.write_timeout.count()},
          {"edge.shutdown_grace_ms", host.edge.shutdown_grace.count()},
          {"edge.access_log", edge.access_log},
          {"events.attempts", host.events.attempts},
          {"events.retry_pause_ms", host.events.retry_pause.count()},
          {"events.max_retry_pause_ms", host.events.max_retry_pause.count()},
          {"tasks.attempts", host.tasks.attempts},
          {"tasks.retry_pause_ms", host.tasks.retry_pause.count()},
          {"tasks.max_retry_pause_ms", host.tasks.max_retry_pause.count()},
          {"log.level", host.log.level},
          {"log.format", host.log.format},
          {"log.file", host.log.file.string()},
          {"log.rotation", host.log.rotation},
          {"log.keep", host.log.keep}};
}

/// What a table's cell has at its beginning in backticks; empty where it begins otherwise.
std::string code_in(const std::string& cell) {
  if (!cell.starts_with(" `")) return {};
  return cell.substr(2, cell.find('`', 2) - 2);
}

/// The tables of mortise.json's keys: key and default, as they stand there in backticks.
std::map<std::string, std::string> documented_defaults() {
  std::ifstream document(std::string(MORTISE_DOCS) + "/configuration.md");
  std::map<std::string, std::string> defaults;
  for (std::string line; std::getline(document, line) && line != "## plugins.d/NAME.json";) {
    std::istringstream row(line);
    std::string key;
    std::string fallback;
    for (auto* cell : {&key, &key, &fallback, &fallback}) std::getline(row, *cell, '|');  // empty, key, type, default
    if (!code_in(key).empty()) defaults.emplace(code_in(key), code_in(fallback));
  }
  return defaults;
}

class ConfigKeys : public ::testing::Test {
 protected:
  Values load(const Values& keys) {
    auto document = json::object();
    for (const auto& [key, value] : keys) {
      const auto dot = key.find('.');
      auto& object = dot == std::string::npos ? document : document[key.substr(0, dot)];
      object[dot == std::string::npos ? key : key.substr(dot + 1)] = value;
    }
    testing::write_file(file_, document.dump(2));
    base::RealFiles files;
    const auto loaded = config::load_host_config(file_, files);
    for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.to_string();
    return arrived(loaded.config);
  }

  testing::TemporaryDirectory directory_;
  fs::path file_ = directory_ / "mortise.json";
};

TEST_F(ConfigKeys, EachArrivesAtItsPlace) {
  // No value is the default, and none stands here twice.
  const Values given{
      {"drop_directory", "/a/drop"},
      {"plugins_directory", "/a/plugins"},
      {"state_directory", "/a/state"},
      {"settle_ms", 1001},
      {"probe_timeout_ms", 1002},
      {"init_timeout_ms", 1003},
      {"stop_timeout_ms", 1004},
      {"upgrade_timeout_ms", 1014},
      {"arena_max_bytes", 70001},
      {"left_mapped_limit", 7},
      {"apply", "manual"},
      {"on_crash", "restart"},
      {"control_socket", "/a/control"},
      {"control_socket_mode", "0640"},
      {"control_group", "/a/group"},
      {"edge.listen",
       json::array(
           {{{"address", "127.0.0.2"}, {"port", 81}},
            {{"address", "::1"}, {"port", 82}, {"tls", {{"certificate", "/a/certificate"}, {"key", "/a/key"}}}}})},
      {"edge.threads", 3},
      {"edge.blocking_threads", 5},
      {"edge.max_header_bytes", 2001},
      {"edge.max_body_bytes", 2002},
      {"edge.max_connections", 2003},
      {"edge.header_timeout_ms", 1005},
      {"edge.body_timeout_ms", 1006},
      {"edge.idle_timeout_ms", 1007},
      {"edge.write_timeout_ms", 1008},
      {"edge.shutdown_grace_ms", 1009},
      {"edge.access_log", true},
      {"events.attempts", 9},
      {"events.retry_pause_ms", 1010},
      {"events.max_retry_pause_ms", 1011},
      {"tasks.attempts", 8},
      {"tasks.retry_pause_ms", 1012},
      {"tasks.max_retry_pause_ms", 1013},
      {"log.level", "debug"},
      {"log.format", "text"},
      {"log.file", "/a/log"},
      {"log.rotation", "daily"},
      {"log.keep", 7}};
  const auto values = load(given);
  EXPECT_EQ(values.size(), given.size());
  const auto defaults = load({});
  for (const auto& [key, value] : given) {
    EXPECT_EQ(values.at(key), value) << key;
    EXPECT_NE(defaults.at(key), value) << key;
    EXPECT_TRUE(documented_defaults().contains(key)) << key << " is not in docs/configuration.md";
  }
}

TEST_F(ConfigKeys, DefaultsAreThoseInTheDocumentation) {
  auto documented = documented_defaults();
  // The three that are told in words.
  EXPECT_EQ(documented.extract("control_socket").mapped(), "control.sock");
  EXPECT_EQ(documented.extract("control_group").mapped(), "");
  EXPECT_EQ(documented.extract("log.file").mapped(), "");
  Values written;
  for (const auto& [key, text] : documented) written.emplace(key, json::parse(text));

  const auto defaults = load({});
  EXPECT_EQ(defaults.size(), written.size() + 3) << "a key is missing there, or here";
  EXPECT_EQ(load(written), defaults);
  EXPECT_EQ(defaults.at("control_socket"),
            (fs::path(defaults.at("state_directory").get<std::string>()) / "control.sock").string());
  EXPECT_EQ(defaults.at("control_group"), "");
  EXPECT_EQ(defaults.at("log.file"), "");
}

}  // namespace
}  // namespace mortise
