#include "config/config.hpp"
#include "folder.hpp"

namespace mortise::config {
namespace {

class SetEnabled : public Folder {
 protected:
  std::string edit(const std::string& text, bool value) {
    put("notes.json", text);
    base::RealFiles files;
    EXPECT_TRUE(set_enabled(path_, "notes", value, files));
    return get("notes.json");
  }
};

TEST_F(SetEnabled, CreatesTheFile) {
  base::RealFiles files;
  ASSERT_TRUE(set_enabled(path_, "notes", true, files));
  EXPECT_EQ(get("notes.json"), "{ \"enabled\": true }\n");
}

TEST_F(SetEnabled, ReplacesOnlyTheValue) {
  EXPECT_EQ(edit("{ // \"enabled\": true\n  \"config\": {\"enabled\": true}, \"enabled\" : true /* x */ }", false),
            "{ // \"enabled\": true\n  \"config\": {\"enabled\": true}, \"enabled\" : false /* x */ }");
}

TEST_F(SetEnabled, AddsTheKeyAndKeepsComments) {
  EXPECT_EQ(edit("{ // why\n  \"version\": \"1\"\n}\n", true),
            "{\n  \"enabled\": true, // why\n  \"version\": \"1\"\n}\n");
  EXPECT_EQ(edit("{}", true), "{\n  \"enabled\": true\n}");
  EXPECT_EQ(edit("{\r\n}", false), "{\r\n  \"enabled\": false\r\n\r\n}");
}

TEST_F(SetEnabled, RefusesAFileThatDoesNotParseAndLeavesIt) {
  for (const char* text : {"{ nonsense", "[]", "{\"enabled\": 1}", "{\"enabled\": true, \"enabled\": true}"}) {
    put("notes.json", text);
    base::RealFiles files;
    EXPECT_FALSE(set_enabled(path_, "notes", true, files)) << text;
    EXPECT_EQ(get("notes.json"), text);
  }
}

TEST_F(SetEnabled, RefusesWhatIsNoPluginName) {
  base::RealFiles files;
  EXPECT_FALSE(set_enabled(path_, "../evil", true, files));
}

}  // namespace
}  // namespace mortise::config
