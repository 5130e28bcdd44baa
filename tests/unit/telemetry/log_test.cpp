#include "telemetry/log.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

namespace mortise::telemetry {
namespace {

namespace fs = std::filesystem;

class Log : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "mortise-log.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    settings_.file = directory_ / "host.log";
    settings_.format = LogSettings::Format::json;
  }
  void TearDown() override {
    ASSERT_TRUE(configure({}));
    fs::remove_all(directory_);
  }
  std::vector<nlohmann::json> lines() const {
    std::vector<nlohmann::json> all;
    std::ifstream file(settings_.file);
    for (std::string text; std::getline(file, text);) all.push_back(nlohmann::json::parse(text));
    return all;
  }

  fs::path directory_;
  LogSettings settings_;
};

TEST_F(Log, WritesOnlyWhatTheLevelAllows) {
  settings_.level = Level::warning;
  ASSERT_TRUE(configure(settings_));
  log(Level::info, "http", "quiet");
  log(Level::error, "http", "loud", {{"empty", ""}, {"key", "value"}});
  const auto all = lines();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["message"], "loud");
  EXPECT_EQ(all[0]["key"], "value");
  EXPECT_FALSE(all[0].contains("empty"));
  EXPECT_FALSE(is_enabled(Level::info));
}

TEST_F(Log, AddsTheFieldsOfTheInnermostScope) {
  ASSERT_TRUE(configure(settings_));
  {
    const LogScope outer("notes", "1", "r1");
    {
      const LogScope inner("files", "2", "");
      log(Level::info, "plugin", "inner");
    }
    log(Level::info, "plugin", "outer");
  }
  log(Level::info, "plugin", "none");
  const auto all = lines();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]["plugin"], "files");
  EXPECT_FALSE(all[0].contains("request_id"));
  EXPECT_EQ(all[1]["plugin"], "notes");
  EXPECT_EQ(all[1]["request_id"], "r1");
  EXPECT_FALSE(all[2].contains("plugin"));
}

TEST_F(Log, KeepsTheLinesOfManyThreadsWhole) {
  constexpr int kThreads = 4;
  constexpr int kLines = 500;
  ASSERT_TRUE(configure(settings_));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([] {
      const LogScope scope("notes", "1", "r");
      for (int i = 0; i < kLines; ++i) log(Level::info, "plugin", "line");
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(lines().size(), static_cast<std::size_t>(kThreads * kLines));
}

TEST_F(Log, RotatesTheFileAndKeepsAsManyAsAsked) {
  settings_.rotation = "1 K";
  settings_.keep = 2;
  ASSERT_TRUE(configure(settings_));
  for (int i = 0; i < 200; ++i) log(Level::info, "plugin", "a line of some length, so that the file fills up");
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(directory_)) ++files;
  EXPECT_EQ(files, 3U);
}

TEST_F(Log, MakesTheFolderOfTheFile) {
  settings_.file = directory_ / "var" / "log" / "host.log";
  ASSERT_TRUE(configure(settings_));
  log(Level::info, "plugin", "there");
  EXPECT_EQ(lines().size(), 1U);
}

TEST_F(Log, SaysWhichFileCannotBeOpened) {
  std::ofstream(directory_ / "file") << "no folder";
  settings_.file = directory_ / "file" / "host.log";
  const auto result = configure(settings_);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("file/host.log"), std::string::npos);
}

TEST_F(Log, PutsTimeAndSourceInFrontOfAccessLines) {
  settings_.format = LogSettings::Format::text;
  ASSERT_TRUE(configure(settings_));
  log_access(R"({"path":"/"})");
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_EQ(lines()[0]["path"], "/");
  EXPECT_EQ(lines()[0]["source"], "access");
  EXPECT_EQ(lines()[0]["time"].get<std::string>().back(), 'Z');
}

}  // namespace
}  // namespace mortise::telemetry
