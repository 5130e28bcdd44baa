// Whatever changes, status.json is what one written for the first time would be.
#include "status_file.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/temporary_directory.hpp"

namespace mortise {
namespace {

using nlohmann::json;
using Plugin = std::pair<std::string, std::uint64_t>;  // name and generation

class StatusFileTest : public ::testing::Test {
 protected:
  json write(const release::Status& status) {
    file_.write(status);
    return json::parse(testing::read_file(root_ / "status.json"));
  }
  static release::Status status_of(const std::vector<std::pair<Plugin, std::string>>& plugins) {
    release::Status status;
    for (const auto& [plugin, reason] : plugins) {
      status.plugins.push_back({.name = plugin.first,
                                .version = "1.0.0",
                                .generation = plugin.second,
                                .state = "active",
                                .reason = reason,
                                .sha256 = "aa"});
    }
    return status;
  }
  static json line(const Plugin& plugin, const std::string& reason) {
    return {{"name", plugin.first}, {"version", "1.0.0"}, {"generation", plugin.second},
            {"state", "active"},    {"reason", reason},   {"sha256", "aa"}};
  }
  static catalog::RecordPtr record(const std::string& path, const std::string& reason) {
    catalog::Record record;
    record.path = path;
    record.reason = reason;
    return std::make_shared<const catalog::Record>(std::move(record));
  }
  static json reasons(const json& list) {
    auto reasons = json::array();
    for (const auto& item : list) reasons.push_back(item["reason"]);
    return reasons;
  }

  testing::TemporaryDirectory root_;
  base::RealFiles files_;
  StatusFile file_{root_.path(), 7, files_};
};

TEST_F(StatusFileTest, IsWrittenAgainWhereAnotherHostHasBeen) {
  const auto status = status_of({{{"a", 1}, ""}});
  const auto own = write(status);
  testing::write_file(root_ / "status.json", "{}");
  file_.announce({}, {});
  EXPECT_EQ(write(status), own);
}

TEST_F(StatusFileTest, HasAllThatAReaderAsksFor) {
  auto status = status_of({{{"a", 1}, "it \"waits\"\n"}});
  status.files.put(record("/drop/a.so", "is a text file"));
  const auto document = write(status);
  EXPECT_EQ(document["pid"], 7);
  EXPECT_TRUE(document["listen"].is_array() || document["listen"].is_null());
  EXPECT_EQ(document["plugins"], json::array({line({"a", 1}, "it \"waits\"\n")}));
  EXPECT_EQ(document["files"][0]["path"], "/drop/a.so");
  EXPECT_EQ(document["files"][0]["state"], "pending");
  EXPECT_EQ(document["left_mapped"]["count"], 0);
}

TEST_F(StatusFileTest, IsWholeWithoutPluginsAndFiles) {
  EXPECT_EQ(write({})["plugins"], json::array());
  EXPECT_EQ(write({})["files"], json::array());
}

TEST_F(StatusFileTest, FollowsWhatComesChangesAndGoes) {
  EXPECT_EQ(reasons(write(status_of({{{"a", 1}, ""}, {{"b", 2}, "x"}}))["plugins"]), json::array({"", "x"}));
  EXPECT_EQ(reasons(write(status_of({{{"a", 1}, "y"}, {{"b", 2}, "x"}}))["plugins"]), json::array({"y", "x"}));
  // Two of one name and generation: neither of them runs.
  EXPECT_EQ(reasons(write(status_of({{{"b", 2}, "x"}, {{"c", 0}, "1"}, {{"c", 0}, "2"}}))["plugins"]),
            json::array({"x", "1", "2"}));
  EXPECT_EQ(reasons(write(status_of({{{"c", 0}, "2"}, {{"b", 2}, "x"}}))["plugins"]), json::array({"2", "x"}));
}

TEST_F(StatusFileTest, FollowsTheFiles) {
  release::Status status;
  status.files = {record("/drop/a.so", "1"), record("/drop/b.so", "2")};
  EXPECT_EQ(reasons(write(status)["files"]), json::array({"1", "2"}));
  status.files.put(record("/drop/b.so", "3"));
  EXPECT_EQ(reasons(write(status)["files"]), json::array({"1", "3"}));
  status.files.erase("/drop/a.so");
  EXPECT_EQ(reasons(write(status)["files"]), json::array({"3"}));
}

}  // namespace
}  // namespace mortise
