#include <nlohmann/json.hpp>

#include "config/config.hpp"
#include "folder.hpp"

namespace mortise::config {
namespace {

class Schema : public Folder {
 protected:
  std::vector<Diagnostic> check(const std::string& config, const char* schema) {
    put("notes.json", "{\n\"config\":\n" + config + "}");
    base::RealFiles files;
    const auto loaded = load_plugin_configs(path_, files);
    const auto parsed = nlohmann::json::parse(schema);
    return check_against_schema(*loaded.plugins.at("notes.json"), parsed.is_null() ? nullptr : &parsed);
  }
};

constexpr auto kSchema = R"({"type": "object", "additionalProperties": false,
  "properties": {"page": {"type": "object", "properties": {"size": {"type": "integer", "minimum": 1}}}}})";

TEST_F(Schema, TakesWhatFits) { EXPECT_TRUE(check("{\"page\": {\"size\": 3}}", kSchema).empty()); }

TEST_F(Schema, ViolationHasLineAndPointer) {
  const auto faults = check("{\"page\": {\n\"size\": \"x\"}}", kSchema);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].line, 4U);
  EXPECT_EQ(faults[0].pointer, "/config/page/size");
  EXPECT_NE(faults[0].message.find("found \"x\""), std::string::npos) << faults[0].message;
}

TEST_F(Schema, UnknownKeyIsNamedWithTheNearestOneOfItsObject) {
  auto faults = check("{\"pag\": 1}", kSchema);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].pointer, "/config/pag");
  EXPECT_EQ(faults[0].message, "breaks the plugin's schema: unknown key 'pag'; did you mean 'page'?");
  constexpr auto kNested = R"({"properties": {"page": {"properties": {"size": {}}, "additionalProperties": false}}})";
  faults = check("{\"page\": {\"sise\": 1}}", kNested);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].pointer, "/config/page/sise");
  EXPECT_EQ(faults[0].message, "breaks the plugin's schema: unknown key 'sise'; did you mean 'size'?");
}

TEST_F(Schema, PluginWithoutSchemaTakesNoConfig) {
  EXPECT_TRUE(check("{}", "null").empty());
  EXPECT_EQ(check("{\"a\": 1}", "null").size(), 1U);
}

TEST_F(Schema, InvalidSchemaIsThePluginsFault) {
  const auto faults = check("{}", R"({"type": 7})");
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_NE(faults[0].message.find("the schema in the manifest of 'notes' is not valid"), std::string::npos);
}

}  // namespace
}  // namespace mortise::config
