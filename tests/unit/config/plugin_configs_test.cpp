// plugins.d over time: what has not changed is not read again, and nothing that has is missed.
#include <chrono>
#include <optional>

#include "base/fake_files.hpp"
#include "config/config.hpp"
#include "folder.hpp"

namespace mortise::config {
namespace {

using namespace std::chrono_literals;
using Operation = base::FakeFiles::Operation;

class PluginConfigsTest : public Folder {
 protected:
  /// Returns how many files were read.
  int load() {
    files_.reset_counts();
    loaded_ = configs().load();
    return files_.count(Operation::read);
  }
  PluginConfigs& configs() {
    if (!configs_) {
      configs_.emplace(path_, files_, [this] { return std::chrono::system_clock::now() + ahead_; });
    }
    return *configs_;
  }

  base::FakeFiles files_;
  std::chrono::system_clock::duration ahead_ = 1h;  // what lies here was not written just now
  std::optional<PluginConfigs> configs_;
  LoadedPlugins loaded_;
};

TEST_F(PluginConfigsTest, ReadAgainOnlyWhatHasChanged) {
  put("a.json", R"({"version": "^1"})");
  put("b.json", "{}");
  EXPECT_EQ(load(), 2);
  const auto before = loaded_.plugins;
  EXPECT_EQ(load(), 0);
  EXPECT_EQ(loaded_.plugins, before);

  put("a.json", R"({"version": "^2"})");
  EXPECT_EQ(load(), 1);
  EXPECT_EQ(loaded_.plugins.at("a.json")->version, "^2");
  EXPECT_EQ(loaded_.plugins.at("b.json"), before.at("b.json"));
}

TEST_F(PluginConfigsTest, RememberAFaultUntilItIsMended) {
  put("a.json", R"({"versoin": "^1"})");
  EXPECT_EQ(load(), 1);
  ASSERT_EQ(loaded_.problems.size(), 1U);
  EXPECT_EQ(load(), 0);
  EXPECT_EQ(loaded_.problems.size(), 1U);
  put("a.json", R"({"version": "^1"})");
  EXPECT_EQ(load(), 1);
  EXPECT_TRUE(loaded_.problems.empty());
  EXPECT_EQ(loaded_.plugins.size(), 1U);
}

TEST_F(PluginConfigsTest, ForgetWhatIsGone) {
  put("a.json", "{}");
  load();
  std::filesystem::remove(path_ / "a.json");
  EXPECT_EQ(load(), 0);
  EXPECT_TRUE(loaded_.plugins.empty());
  put("a.json", "{}");
  EXPECT_EQ(load(), 1);
}

TEST_F(PluginConfigsTest, DoNotTrustTheStampOfAFileThatHasJustBeenWritten) {
  ahead_ = 0h;
  put("a.json", "{}");
  EXPECT_EQ(load(), 1);
  EXPECT_EQ(load(), 1);
  ahead_ = 1h;
  EXPECT_EQ(load(), 1);
  EXPECT_EQ(load(), 0);
}

TEST_F(PluginConfigsTest, FollowALinkWhereverItLeads) {
  std::filesystem::create_directory(path_ / "releases");
  put("releases/1", R"({"version": "^1"})");
  std::filesystem::create_symlink("releases/1", path_ / "a.json");
  load();
  put("releases/1", R"({"version": "^2"})");  // the link itself stays as it is
  EXPECT_EQ(load(), 1);
  EXPECT_EQ(loaded_.plugins.at("a.json")->version, "^2");
}

}  // namespace
}  // namespace mortise::config
