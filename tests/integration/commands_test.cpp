// What teams and admins type, beside a running host and without one.
#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class CommandsTest : public HostTest {
 protected:
  json row(const std::string& name) const {
    for (const auto& one : json::parse(mortise({"list", "--json"}).out)) {
      if (one["name"] == name) return one;
    }
    return nullptr;
  }
};

TEST_F(CommandsTest, EnableAndDisableSteerARunningHost) {
  prefix_.drop(shipped_file("hello"));
  prefix_.write_plugin("hello", "{\n  // ours\n  \"enabled\": false\n}\n");
  auto& host = start();
  EXPECT_EQ(host.get("/hello").status, 404);
  const auto enabled = mortise({"enable", "hello"});
  EXPECT_EQ(enabled.code, 0);
  EXPECT_THAT(enabled.out, HasSubstr("plugin 'hello' is enabled"));
  EXPECT_EQ(enabled.err, "");
  host.wait_for_state("hello", "active");
  EXPECT_EQ(host.get("/hello").status, 200);
  EXPECT_EQ(testing::read_file(prefix_.plugins_directory() / "hello.json"), "{\n  // ours\n  \"enabled\": true\n}\n");
  EXPECT_EQ(mortise({"disable", "hello"}).code, 0);
  host.wait_until_gone("hello");
  EXPECT_EQ(host.get("/hello").status, 404);
}

TEST_F(CommandsTest, EnableOfAnUnknownPluginWarnsWithTheNearestName) {
  prefix_.add_shipped("hello");
  start();
  const auto enabled = mortise({"enable", "helo"});
  EXPECT_EQ(enabled.code, 0) << "its file may come later";
  EXPECT_THAT(enabled.err, AllOf(HasSubstr("warning"), HasSubstr("'helo'"), HasSubstr("did you mean 'hello'?")));
}

TEST_F(CommandsTest, PluginGoesByTheNameInItsManifestBeforeAnyHostHasSeenIt) {
  prefix_.drop(zoo_file("good-1.0"), "some-file");
  const auto enabled = mortise({"enable", "good"});
  EXPECT_EQ(enabled.code, 0);
  EXPECT_EQ(enabled.err, "");
  EXPECT_EQ(row("good")["catalogue"], "new");
  EXPECT_EQ(row("good")["version"], "1.0.0");
  EXPECT_EQ(row("some-file"), nullptr);
}

TEST_F(CommandsTest, EnableRefusesWhatIsNoNameAndWhatItCannotEdit) {
  const auto no_name = mortise({"enable", "../hello"});
  EXPECT_EQ(no_name.code, 1);
  EXPECT_THAT(no_name.err, HasSubstr("is no plugin name"));
  prefix_.write_plugin("hello", "{ \"enabled\": ");
  const auto broken = mortise({"enable", "hello"});
  EXPECT_EQ(broken.code, 1);
  EXPECT_THAT(broken.err, AllOf(HasSubstr("hello.json:1"), HasSubstr("mend the file first")));
}

TEST_F(CommandsTest, ListShowsWhatRunsAndWhyTheRestDoesNot) {
  prefix_.add_shipped("hello");
  prefix_.add_zoo("init-fails");
  prefix_.drop(shipped_file("notes"));
  prefix_.enable("absent");
  start();
  EXPECT_EQ(row("hello"), (json{{"name", "hello"},
                                {"version", "1.1.0"},
                                {"enabled", "yes"},
                                {"catalogue", "verified"},
                                {"runtime", "active"},
                                {"reason", ""}}));
  EXPECT_EQ(row("init-fails")["runtime"], "failed");
  EXPECT_THAT(row("init-fails")["reason"].get<std::string>(), HasSubstr("the zoo's init always fails"));
  EXPECT_EQ(row("notes")["enabled"], "no");
  EXPECT_EQ(row("notes")["runtime"], "-");
  EXPECT_EQ(row("absent")["runtime"], "waiting");
  const auto table = mortise({"list"});
  EXPECT_EQ(table.code, 0);
  EXPECT_THAT(table.out, ::testing::StartsWith("NAME        VERSION  ENABLED  CATALOGUE  RUNTIME  REASON\n"));
}

TEST_F(CommandsTest, ListWithoutAHostShowsTheCatalogueAlone) {
  prefix_.add_shipped("hello");
  EXPECT_EQ(row("hello")["catalogue"], "new");
  EXPECT_EQ(row("hello")["runtime"], "-");
  start();
  EXPECT_EQ(host_->stop(), 0);
  EXPECT_EQ(row("hello")["catalogue"], "verified");
  EXPECT_EQ(row("hello")["runtime"], "-");
}

TEST_F(CommandsTest, CheckPassesASoundFileWithItsManifest) {
  const auto passed = mortise({"check", shipped_file("notes")});
  EXPECT_EQ(passed.code, 0) << passed.out;
  EXPECT_THAT(passed.out, AllOf(HasSubstr("plugin    notes 1.0.0: Notes over HTTP"),
                                HasSubstr("uses      mortise.http/1"), HasSubstr("notes.so: passes the gate")));
  const auto document = json::parse(mortise({"check", shipped_file("notes"), "--json"}).out);
  EXPECT_EQ(document["passed"], true);
  EXPECT_EQ(document["manifest"]["name"], "notes");
  EXPECT_EQ(document["sha256"].get<std::string>().size(), 64U);
}

TEST_F(CommandsTest, CheckNeedsNoConfigurationAndKnowsTheProbe) {
  fs::remove_all(prefix_.config_file().parent_path());
  EXPECT_EQ(mortise({"check", shipped_file("hello")}).code, 0);
  const auto crashes = mortise({"check", zoo_file("constructor-throws"), "--json"});
  EXPECT_EQ(crashes.code, 1);
  const auto document = json::parse(crashes.out);
  EXPECT_EQ(document["passed"], false);
  EXPECT_EQ(document["findings"][0]["weight"], "error");
  EXPECT_EQ(document["findings"][0]["check"], "probe");
  const auto missing = mortise({"check", (prefix_.path() / "no.so").string()});
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.out, HasSubstr("No such file"));
}

TEST_F(CommandsTest, WrongUsageIsTwo) {
  EXPECT_EQ(mortise({}).code, 2);
  EXPECT_EQ(mortise({"sreve"}).code, 2);
  EXPECT_EQ(mortise({"enable"}).code, 2);
  EXPECT_EQ(mortise({"--help"}).code, 0);
  const auto version = mortise({"version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_THAT(version.out, AllOf(::testing::StartsWith("mortise "), HasSubstr("abi major 1")));
}

}  // namespace
}  // namespace mortise::integration
