// Configuration with faults: said with file, line and pointer, before the start and while the host runs.
#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ConfigTest : public HostTest {
 protected:
  /// `serve` and `serve --check` with this mortise.json must end with 1 and say `words`.
  void expect_refused(const std::string& text, const std::vector<std::string>& words) {
    testing::write_file(prefix_.config_file(), text);
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"serve"}, {"serve", "--check"}}) {
      const auto refused = mortise(arguments);
      EXPECT_EQ(refused.code, 1);
      for (const auto& word : words) EXPECT_THAT(refused.err, HasSubstr(word));
    }
  }
  [[nodiscard]] std::string place(std::size_t line) const {
    return prefix_.config_file().string() + ":" + std::to_string(line) + ": ";
  }
};

TEST_F(ConfigTest, UnknownKeyOfTheHostIsRefusedWithTheNearestOne) {
  expect_refused("{\n  // comments are fine\n  \"edge\": {\n    \"threds\": 2\n  }\n}\n",
                 {place(4) + "/edge/threds: ", "unknown key 'threds'", "did you mean 'threads'?"});
}

TEST_F(ConfigTest, EveryFaultIsSaidAtOnce) {
  expect_refused(R"({
  "settle_ms": "soon",
  "edge": {
    "listen": [{"address": "localhost", "port": 70000}]
  },
  "log": {"level": "loud"}
})",
                 {place(2) + "/settle_ms: ", place(4) + "/edge/listen/0/address: 'localhost' is no IP address",
                  place(4) + "/edge/listen/0/port: ", place(6) + "/log/level: "});
}

TEST_F(ConfigTest, TextThatIsNotJsonIsRefusedWithItsLine) {
  expect_refused("{\n  \"settle_ms\": 5,\n}\n", {prefix_.config_file().string() + ":3: "});
  expect_refused("", {prefix_.config_file().string()});
}

TEST_F(ConfigTest, MissingFileIsRefusedWithWhatToDo) {
  std::filesystem::remove(prefix_.config_file());
  const auto refused = mortise({"serve"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr(prefix_.config_file().string()), HasSubstr("--config")));
}

TEST_F(ConfigTest, CheckOfSoundConfigurationSaysSoAndStartsNothing) {
  prefix_.add_shipped("hello");
  const auto checked = mortise({"serve", "--check"});
  EXPECT_EQ(checked.code, 0) << checked.err;
  EXPECT_THAT(checked.out, HasSubstr("valid; 1 plugin files, 1 enabled"));
  EXPECT_FALSE(std::filesystem::exists(prefix_.state_directory()));
}

TEST_F(ConfigTest, CheckSaysEveryFaultOfThePlugins) {
  prefix_.add_shipped("notes");
  prefix_.write_plugin("notes", "{\n  \"config\": {\n    \"page_size\": 500\n  }\n}");
  prefix_.write_plugin("hello", R"({"enabeld": true})");
  prefix_.enable("absent");
  prefix_.add_zoo("init-fails");
  prefix_.add_zoo("no-entry");
  prefix_.add_zoo("needs-unknown-interface");
  const auto checked = mortise({"serve", "--check"});
  EXPECT_EQ(checked.code, 1);
  EXPECT_THAT(checked.err,
              AllOf(HasSubstr("notes.json:3: /config/page_size: breaks the plugin's schema"),
                    HasSubstr("hello.json:1: /enabeld: unknown key 'enabeld'; did you mean 'enabled'?"),
                    HasSubstr("drop absent.so there"), HasSubstr("no-entry.so"),
                    HasSubstr("requires the interface 'mortise.teleport/1'"), Not(HasSubstr("init-fails"))))
      << "what only shows when a plugin starts is not checked";
}

TEST_F(ConfigTest, FaultyFileOfOnePluginConcernsThatOneAlone) {
  prefix_.add_shipped("hello");
  prefix_.add_shipped("notes");
  prefix_.write_plugin("notes", "{\n  \"enabled\": ture\n}");
  auto& host = start();
  const auto refused = host.wait_for_state("notes", "refused")["reason"].get<std::string>();
  EXPECT_THAT(refused, HasSubstr((prefix_.plugins_directory() / "notes.json").string() + ":2: "));
  EXPECT_EQ(host.get("/hello").status, 200);
  prefix_.enable("notes");
  host.wait_for_state("notes", "active");
  EXPECT_EQ(host.get("/notes").status, 200);
}

TEST_F(ConfigTest, ConfigThatBreaksTheSchemaNamesThePlaceAndWhatRunsGoesOn) {
  prefix_.add_shipped("notes", {{"page_size", 3}});
  auto& host = start();
  prefix_.write_plugin("notes", "{\n  \"enabled\": true,\n  \"config\": {\n    \"page_size\": \"many\"\n  }\n}");
  const auto kept = host.wait_for_plugin("notes", [](const auto& plugin) { return plugin["reason"] != ""; });
  EXPECT_EQ(kept["state"], "active");
  EXPECT_EQ(kept["generation"], 1);
  EXPECT_THAT(kept["reason"].get<std::string>(),
              AllOf(HasSubstr("notes.json:4: /config/page_size: breaks the plugin's schema"), HasSubstr("\"many\"")));
  EXPECT_EQ(host.get("/notes").status, 200);
  const auto line = host.wait_for_log("an enabled plugin cannot run as desired");
  EXPECT_EQ(line["plugin"], "notes");
  prefix_.write_plugin("notes", R"({"config": {"pagesize": 3}})");
  host.wait_for_plugin("notes", [](const auto& plugin) {
    const auto reason = plugin["reason"].template get<std::string>();
    return reason.find("unknown key 'pagesize'; did you mean 'page_size'?") != std::string::npos;
  });
}

TEST_F(ConfigTest, PluginWithoutASchemaTakesNoConfig) {
  prefix_.add_shipped("hello", {{"greeting", "Hi"}});
  auto& host = start();
  EXPECT_THAT(host.wait_for_state("hello", "refused")["reason"].get<std::string>(),
              AllOf(HasSubstr("hello.json"), HasSubstr("the plugin 'hello' takes no config; remove it")));
}

}  // namespace
}  // namespace mortise::integration
