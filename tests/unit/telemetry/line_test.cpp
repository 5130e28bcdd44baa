#include "telemetry/line.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mortise::telemetry {
namespace {

constexpr std::int64_t kTimeMs = 1795453201123;  // 2026-11-23 17:00:01.123 UTC

Line line(std::string_view message, std::vector<Field> fields = {}) {
  return {kTimeMs, Level::info, "catalog", message, std::move(fields)};
}

TEST(Line, TextHasTimeLevelSourceMessageAndFields) {
  EXPECT_EQ(to_text(line("taken in", {{"file", "a.so"}, {"reason", "two words"}}), false),
            "2026-11-23 17:00:01.123 info    catalog: taken in file=a.so reason=\"two words\"");
}

TEST(Line, TextLetsNothingFakeASecondLineOrReachTheTerminal) {
  const auto text = to_text(line("a\nb\x1b[2J", {{"k", "c\r\nd"}}), false);
  EXPECT_EQ(text.find_first_of("\r\n\x1b"), std::string::npos);
  EXPECT_NE(text.find("a\\nb\\x1b[2J k=c\\x0d\\nd"), std::string::npos) << text;
}

TEST(Line, ColoursOnlyWhenAsked) {
  EXPECT_NE(to_text(line("m"), true).find("\x1b[32minfo"), std::string::npos);
  EXPECT_EQ(to_text(line("m"), false).find('\x1b'), std::string::npos);
}

TEST(Line, JsonIsOneObjectWithRfc3339Time) {
  const auto parsed = nlohmann::json::parse(to_json(line("say \"hi\"\n", {{"plugin", "notes"}})));
  EXPECT_EQ(parsed["time"], "2026-11-23T17:00:01.123Z");
  EXPECT_EQ(parsed["level"], "info");
  EXPECT_EQ(parsed["message"], "say \"hi\"\n");
  EXPECT_EQ(parsed["plugin"], "notes");
}

TEST(Line, JsonReplacesBytesThatAreNoUtf8) {
  const auto parsed = nlohmann::json::parse(to_json(line("a\xff\xfe")));
  EXPECT_EQ(parsed["message"], "a\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Line, JsonFieldCannotReplaceAFixedKeyNorAppearTwice) {
  const auto text = to_json(line("m", {{"level", "error"}, {"plugin", "a"}, {"plugin", "b"}}));
  const auto parsed = nlohmann::json::parse(text);
  EXPECT_EQ(parsed["level"], "info");
  EXPECT_EQ(parsed["field.level"], "error");
  EXPECT_EQ(parsed["plugin"], "a");
  EXPECT_EQ(text.find("\"b\""), std::string::npos);
}

}  // namespace
}  // namespace mortise::telemetry
