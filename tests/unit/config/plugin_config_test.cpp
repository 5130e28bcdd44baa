#include "config/config.hpp"
#include "folder.hpp"

namespace mortise::config {
namespace {

using PluginFiles = Folder;

TEST_F(PluginFiles, AreReadByName) {
  put("notes.json", "{\"version\": \"^1\", // pinned\n\"config\": {\n\"a/b\": [1,\n2]}}");
  put("hello.json", "{\"enabled\": false}");
  put("README", "not a plugin");
  base::RealFiles files;
  const auto loaded = load_plugin_configs(path_, files);
  EXPECT_TRUE(loaded.problems.empty());
  ASSERT_EQ(loaded.plugins.size(), 2U);
  EXPECT_FALSE(loaded.plugins[0].enabled);
  EXPECT_EQ(loaded.plugins[0].config_text, "{}");
  EXPECT_EQ(loaded.plugins[1].version, "^1");
  EXPECT_EQ(loaded.plugins[1].config_lines.at("/a~1b/1"), 4U);
  EXPECT_EQ(loaded.plugins[1].config_lines.at(""), 2U);
}

TEST_F(PluginFiles, FaultyOneHidesOnlyItself) {
  put("bad.json", "{\"enabled\": \"yes\"}");
  put("good.json", "{}");
  put("Not_A_Name.json", "{}");
  base::RealFiles files;
  const auto loaded = load_plugin_configs(path_, files);
  ASSERT_EQ(loaded.plugins.size(), 1U);
  EXPECT_EQ(loaded.plugins[0].name, "good");
  ASSERT_EQ(loaded.problems.size(), 2U);
  EXPECT_NE(loaded.problems[0].message.find("no plugin name"), std::string::npos);
  EXPECT_EQ(loaded.problems[1].pointer, "/enabled");
}

TEST_F(PluginFiles, MissingDirectoryIsAProblem) {
  base::RealFiles files;
  EXPECT_EQ(load_plugin_configs(path_ / "none", files).problems.size(), 1U);
}

}  // namespace
}  // namespace mortise::config
