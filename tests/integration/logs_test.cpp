// What the host writes down, and where.
#include <signal.h>
#include <fstream>

#include "support/gate.hpp"
#include "support/placed_test.hpp"

namespace mortise::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class LogsTest : public HostTest {
 protected:
  static std::vector<json> read_lines(const fs::path& file) {
    std::vector<json> lines;
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
    return lines;
  }
};

class PluginLogsTest : public PlacedTest {};

TEST_P(PluginLogsTest, LinesCarryItsNameGenerationAndTheRequest) {
  Gate gate(prefix_);
  prefix_.add_zoo("waits-1.0", "waits");
  auto& host = start();
  Pending inside(host, "/waits");
  gate.wait_until_inside();
  gate.open();
  const auto request = inside.answer().header("X-Request-Id");
  const auto line = host.wait_for_log("waiting at the gate");
  EXPECT_EQ(line["plugin"], "waits");
  EXPECT_EQ(line["generation"], "1");
  EXPECT_EQ(line["request_id"], request);
  EXPECT_EQ(line["level"], "info");
  EXPECT_THAT(line["time"].get<std::string>(), ::testing::ContainsRegex("^20..-..-..T..:..:..[.]...Z$"));
}

MORTISE_BOTH_PLACEMENTS(PluginLogsTest);

TEST_F(LogsTest, EveryLineOnAPipeIsJson) {
  prefix_.configure({{"log", {{"format", "auto"}, {"level", "debug"}}}});
  prefix_.add_shipped("hello");
  prefix_.add_zoo("init-fails");
  auto& host = start();
  EXPECT_EQ(host.get("/hello").status, 200);
  EXPECT_EQ(host.stop(), 0);
  std::istringstream text(host.log_text());
  for (std::string line; std::getline(text, line);) {
    const auto parsed = json::parse(line, nullptr, false);
    EXPECT_TRUE(parsed.is_object() && parsed.contains("level") && parsed.contains("message")) << line;
  }
}

TEST_F(LogsTest, OnATerminalTheLogIsForPeopleUnasked) {
  prefix_.configure({{"log", {{"format", "auto"}}}});
  host_.emplace(prefix_, ChildSettings{.is_on_terminal = true, .largest_file_bytes = {}, .tmpfs = {}});
  host_->wait_for_text("host: ready");
  EXPECT_EQ(host_->stop(), 0);
  EXPECT_THAT(host_->log_text(), Not(HasSubstr("\"message\"")));
}

TEST_F(LogsTest, AFaultOfTheDropDirectoryIsSaidOnce) {
  prefix_.add_shipped("hello");
  auto& host = start();
  const auto elsewhere = prefix_.path() / "elsewhere";
  const auto is_said = [](std::size_t times) {
    return [times, seen = std::size_t{0}](const json&) mutable { return ++seen == times; };
  };
  fs::rename(prefix_.drop_directory(), elsewhere);
  host.signal(SIGHUP);
  EXPECT_THAT(host.wait_for_log("cannot scan the drop directory")["reason"].get<std::string>(),
              HasSubstr(prefix_.drop_directory().string()));
  // Two passes more, each of which finds the same.
  prefix_.disable("hello");
  host.wait_until_gone("hello");
  prefix_.enable("hello");
  host.wait_for_state("hello", "active");
  fs::rename(elsewhere, prefix_.drop_directory());
  prefix_.add_zoo("good-1.0", "good");
  host.signal(SIGHUP);
  host.wait_for_state("good", "active");
  fs::rename(prefix_.drop_directory(), elsewhere);
  host.signal(SIGHUP);
  host.wait_for_log("cannot scan the drop directory", is_said(2));
  EXPECT_EQ(host.stop(), 0);
  EXPECT_THROW(host.wait_for_log("cannot scan the drop directory", is_said(3)), std::exception);
}

TEST_F(LogsTest, TextFormatIsForPeople) {
  prefix_.configure({{"log", {{"format", "text"}}}});
  prefix_.add_shipped("hello");
  host_.emplace(prefix_);
  host_->wait_for_text("host: ready");
  EXPECT_EQ(host_->stop(), 0);
  EXPECT_THAT(host_->log_text(),
              AllOf(::testing::ContainsRegex("20..-..-.. ..:..:..[.]... info    host: listening url=http://127.0.0.1:"),
                    HasSubstr("release: plugin started plugin=hello version=1.1.0 generation=1")));
}

TEST_F(LogsTest, FileIsMadeWithItsFolderAndRotated) {
  const auto file = prefix_.path() / "var/log/mortise/host.log";
  prefix_.configure(
      {{"log", {{"file", file.string()}, {"rotation", "4 K"}, {"keep", 2}}}, {"edge", {{"access_log", true}}}});
  prefix_.add_shipped("hello");
  fs::create_directories(prefix_.state_directory());
  host_.emplace(prefix_);
  host_->wait_for_version("hello", "1.1.0");
  auto client = host_->connect();
  constexpr int kRequests = 200;
  for (int i = 0; i < kRequests; ++i) client.get("/hello");
  EXPECT_EQ(host_->stop(), 0);
  EXPECT_EQ(host_->log_text(), "") << "standard error stays silent";
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(file.parent_path())) {
    ++files;
    EXPECT_LE(entry.file_size(), 8192U) << entry.path();
    EXPECT_FALSE(read_lines(entry.path()).empty()) << entry.path();
  }
  EXPECT_EQ(files, 3U) << "the current one and the two to keep";
}

TEST_F(LogsTest, AccessLogHasALineForEachRequestAndIsOffByDefault) {
  prefix_.add_shipped("hello");
  auto& silent = start();
  EXPECT_EQ(silent.get("/hello").status, 200);
  EXPECT_EQ(silent.stop(), 0);
  EXPECT_EQ(silent.log_text().find("access"), std::string::npos);

  prefix_.configure({{"edge", {{"access_log", true}}}});
  auto& host = start();
  const auto answer = host.get("/hello?who=me");
  EXPECT_EQ(host.get("/missing").status, 404);
  EXPECT_EQ(host.stop(), 0);
  std::vector<json> lines;
  std::istringstream text(host.log_text());
  for (std::string line; std::getline(text, line);) {
    auto parsed = json::parse(line);
    if (parsed["source"] == "access") lines.push_back(std::move(parsed));
  }
  ASSERT_EQ(lines.size(), 2U) << host.log_text();
  EXPECT_THAT(lines[0]["time"].get<std::string>(), ::testing::StartsWith("20"));
  EXPECT_EQ(lines[0]["status"], 200);
  EXPECT_EQ(lines[0]["plugin"], "hello");
  EXPECT_EQ(lines[0]["method"], "GET");
  EXPECT_EQ(lines[0]["target"], "/hello?who=me");
  EXPECT_EQ(lines[0]["request_id"], answer.header("X-Request-Id"));
  EXPECT_EQ(lines[1]["status"], 404);
}

}  // namespace
}  // namespace mortise::integration
