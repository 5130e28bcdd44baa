#include "release/settings_text.hpp"

#include <gtest/gtest.h>

namespace mortise::release {
namespace {

config::PluginConfig isolated() {
  config::PluginConfig plugin;
  plugin.config_text = R"({"a b":1})";
  plugin.placement = config::Placement::isolated;
  return plugin;
}

config::PluginConfig read(const std::string& text) {
  config::PluginConfig plugin;
  plugin.sandbox.is_required = true;  // of something else
  read_settings(text, plugin);
  return plugin;
}

TEST(SettingsText, OfOneInTheHostProcessIsItsConfig) {
  auto plugin = isolated();
  plugin.placement = config::Placement::in_line;
  plugin.sandbox.grants_network = true;  // which it has anyway
  EXPECT_EQ(settings_text(plugin), plugin.config_text);
  const auto again = read(plugin.config_text);
  EXPECT_EQ(again.placement, config::Placement::in_line);
  EXPECT_EQ(again.config_text, plugin.config_text);
  EXPECT_EQ(again.sandbox, config::SandboxConfig{});
}

TEST(SettingsText, ComesBackAsItWas) {
  auto plugin = isolated();
  for (const auto& sandbox :
       {config::SandboxConfig{}, config::SandboxConfig{.is_required = true},
        config::SandboxConfig{.is_required = true, .grants_network = true, .memory_bytes = std::uint64_t{1} << 40U},
        config::SandboxConfig{.cpu_percent = 150}}) {
    plugin.sandbox = sandbox;
    const auto again = read(settings_text(plugin));
    EXPECT_EQ(again.placement, config::Placement::isolated);
    EXPECT_EQ(again.sandbox, sandbox);
    EXPECT_EQ(again.config_text, plugin.config_text);
  }
}

TEST(SettingsText, TellsOfSeveralWorkers) {
  auto plugin = isolated();
  plugin.workers = 7;
  EXPECT_EQ(read(settings_text(plugin)).workers, 7U);
  plugin.workers = 1;
  EXPECT_EQ(read(settings_text(plugin)).workers, 1U);
}

TEST(SettingsText, TellsOfTheHostThatRunsIt) {
  config::PluginConfig plugin;
  plugin.config_text = R"({"a b":1})";
  plugin.placement = config::Placement::remote;
  plugin.remote = "http://10.0.0.7:9000";
  const auto text = settings_text(plugin);
  EXPECT_TRUE(is_remote(text));
  EXPECT_FALSE(is_isolated(text));
  const auto again = read(text);
  EXPECT_EQ(again.placement, config::Placement::remote);
  EXPECT_EQ(again.remote, plugin.remote);
  EXPECT_EQ(again.config_text, plugin.config_text);
  EXPECT_FALSE(is_remote(plugin.config_text));
}

TEST(SettingsText, TellsWhatIsExposedWhereverThePluginRuns) {
  for (const auto placement : {config::Placement::in_line, config::Placement::isolated}) {
    for (const auto& expose : {config::ExposeConfig{}, config::ExposeConfig{.has_all = true},
                               config::ExposeConfig{.contracts = {"a.b/1", "a.c/2"}}}) {
      auto plugin = isolated();
      plugin.placement = placement;
      plugin.expose = expose;
      const auto again = read(settings_text(plugin));
      EXPECT_EQ(again.expose, expose);
      EXPECT_EQ(again.placement, placement);
      EXPECT_EQ(again.config_text, plugin.config_text);
    }
  }
}

TEST(SettingsText, LeavesOutWhatANewerHostHasSaid) {
  const auto again = read(R"(isolated cpus=2 network-granted {"x":1})");
  EXPECT_TRUE(again.sandbox.grants_network);
  EXPECT_FALSE(again.sandbox.is_required);
  EXPECT_EQ(again.config_text, R"({"x":1})");
}

}  // namespace
}  // namespace mortise::release
