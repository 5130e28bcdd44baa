#include "cli/plugin_rows.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <fstream>
#include <sstream>

namespace mortise::cli {
namespace {

namespace fs = std::filesystem;

catalog::RecordPtr record(const std::string& version, catalog::FileState state, const std::string& reason = {}) {
  auto made = std::make_shared<catalog::Record>();
  auto manifest = std::make_shared<manifest::Manifest>();
  manifest->name = "notes";
  manifest->version = manifest::Version::parse(version).value();
  made->manifest = std::move(manifest);
  made->path = "/drop/notes.so";
  made->state = state;
  made->reason = reason;
  return made;
}

TEST(PluginRows, ShowTheNewestVerifiedFileWhateverTheOrder) {
  const auto older = record("1.9.0", catalog::FileState::verified);
  const auto newer = record("1.10.0", catalog::FileState::verified);
  const auto rejected = record("2.0.0", catalog::FileState::rejected, "crashed");
  for (const auto& records : {std::vector{older, newer, rejected}, std::vector{rejected, newer, older}}) {
    const auto row = join_rows({}, records, {}).at("notes");
    EXPECT_EQ(row.version, "1.10.0");
    EXPECT_EQ(row.catalogue, "verified");
    EXPECT_EQ(row.runtime, "-");
  }
}

TEST(PluginRows, JoinConfigCatalogueAndRuntimeByName) {
  config::LoadedPlugins plugins;
  config::PluginConfig notes;
  notes.name = "notes";
  plugins.plugins.put(std::make_shared<const config::PluginConfig>(notes));
  plugins.problems.push_back({"/d/bad.json", 3, "/x", "unknown key 'x'"});
  const auto rows = join_rows(plugins, {record("1.0.0", catalog::FileState::verified)},
                              {{"notes", {"0.9.0", "failed", "init: no room"}}});
  EXPECT_EQ(rows.at("notes").enabled, "yes");
  EXPECT_EQ(rows.at("notes").version, "0.9.0");
  EXPECT_EQ(rows.at("notes").reason, "init: no room");
  EXPECT_EQ(rows.at("bad").enabled, "faulty");
  EXPECT_EQ(rows.at("bad").reason, "/d/bad.json:3: /x: unknown key 'x'");
}

TEST(PluginRows, TextIsATableAndJsonAList) {
  std::ostringstream text;
  PluginRow row;
  row.name = "notes";
  row.version = "1.0.0";
  row.enabled = "yes";
  print_rows({row}, false, text);
  EXPECT_EQ(text.str(),
            "NAME   VERSION  ENABLED  CATALOGUE  RUNTIME  REASON\n"
            "notes  1.0.0    yes      -          -\n");
  std::ostringstream json;
  print_rows({}, true, json);
  EXPECT_EQ(json.str(), "[]\n");
}

TEST(HostStatus, CountsOnlyWhileItsProcessLives) {
  std::string pattern = (fs::temp_directory_path() / "mortise-status.XXXXXX").string();
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  base::RealFiles files;
  const auto write = [&](const std::string& pid) {
    std::ofstream(fs::path(pattern) / "status.json")
        << R"({"pid":)" << pid << R"(,"plugins":[{"name":"notes","state":"active"}]})";
  };
  write(std::to_string(::getpid()));
  EXPECT_EQ(read_host_status(pattern, files).at("notes").state, "active");
  for (const char* pid : {"2147483647", "0", "-1", "\"x\"", "{"}) {
    write(pid);
    EXPECT_TRUE(read_host_status(pattern, files).empty()) << pid;
  }
  fs::remove_all(pattern);
}

}  // namespace
}  // namespace mortise::cli
