#include "release/desired.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "make_wanted.hpp"

namespace mortise::release {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_config;
using testing::make_record;
using ::testing::SizeIs;

const std::filesystem::path kDrop = "/drop";

catalog::RecordPtr rejected(const std::string& file, const std::string& reason) {
  catalog::Record record;
  record.path = "/drop/" + file;
  record.state = catalog::FileState::rejected;
  record.reason = reason;
  return std::make_shared<const catalog::Record>(std::move(record));
}

TEST(Desire, ChoosesTheHighestVersionThatTheRangeAllows) {
  const auto desired =
      desire({.plugins = {make_config("a", "^1")}, .problems = {}},
             {make_record("a", "1.2.0"), make_record("a", "1.10.0"), make_record("a", "2.0.0")}, kDrop);
  ASSERT_THAT(desired.wanted, SizeIs(1));
  EXPECT_EQ(desired.wanted.at("a").record->manifest->version.to_string(), "1.10.0");
  EXPECT_THAT(desired.unmet, IsEmpty());
}

TEST(Desire, RefusesToExposeWhatIsNotProvided) {
  auto plugin = make_config("a");
  plugin->expose.contracts = {"money/1", "tax/1"};
  plugin->expose_lines = {{"money/1", 2}, {"tax/1", 3}};
  const std::string provides = R"(,"provides":[{"contract":"money/1"},{"contract":"rate/1"}])";
  const auto desired = desire({.plugins = {plugin}, .problems = {}}, {make_record("a", "1.0.0", provides)}, kDrop);
  EXPECT_THAT(desired.wanted, IsEmpty());
  ASSERT_THAT(desired.diagnostics, SizeIs(1));
  EXPECT_EQ(desired.diagnostics[0].to_string(),
            "/plugins.d/a.json:3: /expose: a 1.0.0 does not provide 'tax/1'; name what it provides (money/1, rate/1), "
            "or write true for all");
  plugin->expose.contracts = {"money/1"};
  EXPECT_THAT(desire({.plugins = {plugin}, .problems = {}}, {make_record("a", "1.0.0", provides)}, kDrop).wanted,
              SizeIs(1));
}

TEST(Desire, LeavesOutDisabledPlugins) {
  auto plugin = make_config("a");
  plugin->enabled = false;
  const auto desired = desire({.plugins = {plugin}, .problems = {}}, {make_record("a", "1.0.0")}, kDrop);
  EXPECT_THAT(desired.wanted, IsEmpty());
  EXPECT_THAT(desired.unmet, IsEmpty());
}

TEST(Desire, WaitsForAFileThatIsNotThere) {
  const auto desired = desire({.plugins = {make_config("a")}, .problems = {}}, {}, kDrop);
  ASSERT_THAT(desired.unmet, SizeIs(1));
  EXPECT_EQ(desired.unmet[0].kind, Unmet::Kind::waiting);
  EXPECT_THAT(desired.unmet[0].reason, HasSubstr("drop a.so"));
}

TEST(Desire, SaysWhichVersionsAreThereWhenNoneIsInTheRange) {
  const auto desired =
      desire({.plugins = {make_config("a", ">=2")}, .problems = {}}, {make_record("a", "1.0.0")}, kDrop);
  ASSERT_THAT(desired.unmet, SizeIs(1));
  EXPECT_EQ(desired.unmet[0].kind, Unmet::Kind::refused);
  EXPECT_THAT(desired.unmet[0].reason, HasSubstr("1.0.0"));
  EXPECT_THAT(desired.unmet[0].reason, HasSubstr(">=2"));
}

TEST(Desire, PassesOnWhyTheOnlyFileWasRejected) {
  const auto desired =
      desire({.plugins = {make_config("a")}, .problems = {}}, {rejected("a.so", "is a text file")}, kDrop);
  ASSERT_THAT(desired.unmet, SizeIs(1));
  EXPECT_EQ(desired.unmet[0].kind, Unmet::Kind::refused);
  EXPECT_THAT(desired.unmet[0].reason, HasSubstr("is a text file"));
}

TEST(Desire, RefusesARangeThatDoesNotParseAndNamesItsPlace) {
  const auto desired =
      desire({.plugins = {make_config("a", "one")}, .problems = {}}, {make_record("a", "1.0.0")}, kDrop);
  ASSERT_THAT(desired.diagnostics, SizeIs(1));
  EXPECT_EQ(desired.diagnostics[0].pointer, "/version");
  EXPECT_THAT(desired.unmet, SizeIs(1));
}

TEST(Desire, RefusesAConfigThatBreaksTheManifestsSchema) {
  auto plugin = make_config("a");
  plugin->config = std::make_shared<const nlohmann::json>(nlohmann::json{{"size", "big"}});
  plugin->config_text = R"({"size":"big"})";
  const auto record =
      make_record("a", "1.0.0", R"(,"config":{"type":"object","properties":{"size":{"type":"integer"}}})");
  const auto desired = desire({.plugins = {plugin}, .problems = {}}, {record}, kDrop);
  EXPECT_THAT(desired.wanted, IsEmpty());
  ASSERT_THAT(desired.unmet, SizeIs(1));
  EXPECT_THAT(desired.unmet[0].reason, HasSubstr("/config/size"));
}

TEST(Desire, KeepsAPluginRunningWhoseConfigFileIsFaulty) {
  const config::Diagnostic fault{.file = "/plugins.d/a.json", .line = 3, .pointer = "/enabled", .message = "broken"};
  Memory memory;
  memory.running = {{"a", {make_record("a", "1.0.0"), R"({"size":1})"}}};
  const auto desired = desire({.plugins = {}, .problems = {fault}}, {make_record("a", "1.1.0")}, kDrop, memory);
  ASSERT_THAT(desired.unmet, SizeIs(1));
  EXPECT_EQ(desired.unmet[0].name, "a");
  ASSERT_THAT(desired.wanted, SizeIs(1));
  EXPECT_EQ(desired.wanted.at("a").identity(), memory.running.at("a").second.identity());
}

TEST(CheckDesired, TellsEveryFaultOnce) {
  const auto faults =
      check_desired({.plugins = {make_config("a", "one"), make_config("b")}, .problems = {}}, {}, kDrop);
  EXPECT_THAT(faults, SizeIs(2));
}

}  // namespace
}  // namespace mortise::release
