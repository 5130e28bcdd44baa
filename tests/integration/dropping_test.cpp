// Files as they arrive in a directory: in pieces, over one that runs, and gone again.
#include <fstream>

#include "support/host_test.hpp"
#include "support/traffic.hpp"

namespace mortise::integration {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class DroppingTest : public HostTest {
 protected:
  [[nodiscard]] fs::path target(const std::string& name) const { return prefix_.drop_directory() / name; }

  /// Writes over the file as it stands, keeping its inode.
  static void overwrite(const fs::path& file, const std::string& content) { testing::write_file(file, content); }
};

TEST_F(DroppingTest, FileThatIsWrittenInPiecesIsWaitedFor) {
  prefix_.configure({{"settle_ms", 3000}});
  prefix_.enable("good");
  auto& host = start();
  const auto content = testing::read_file(zoo_file("good-1.0"));
  std::ofstream file(target("good.so"), std::ios::binary);
  constexpr std::size_t kPieces = 4;
  for (std::size_t i = 0; i < kPieces; ++i) {
    const auto begin = content.size() * i / kPieces;
    file.write(content.data() + begin, static_cast<std::streamsize>(content.size() * (i + 1) / kPieces - begin));
    file.flush();
    const auto pending = host.wait_for_file("good.so", "pending");
    EXPECT_THAT(pending["reason"].get<std::string>(), HasSubstr("is still being written"));
    EXPECT_EQ(host.get("/good").status, 404);
  }
  host.wait_for_state("good", "active");
  EXPECT_EQ(host.get("/good").body, "1.0.0");
  EXPECT_THAT(host.log_text(), Not(HasSubstr("rejected")));
}

TEST_F(DroppingTest, PartThatRestsTooLongIsRejectedAndTheWholeIsTaken) {
  prefix_.enable("good");
  auto& host = start();
  const auto content = testing::read_file(zoo_file("good-1.0"));
  std::ofstream file(target("good.so"), std::ios::binary);
  file << content.substr(0, content.size() / 2) << std::flush;
  EXPECT_THAT(host.wait_for_file("good.so", "rejected")["reason"].get<std::string>(), HasSubstr("copy it again"));
  EXPECT_EQ(host.get("/good").status, 404);
  file << content.substr(content.size() / 2) << std::flush;
  host.wait_for_state("good", "active");
  EXPECT_EQ(host.get("/good").body, "1.0.0");
}

TEST_F(DroppingTest, FileOverwrittenInPlaceDoesNotDisturbWhatRunsFromItsCopy) {
  const auto file = prefix_.drop(zoo_file("good-1.0"), "good");
  prefix_.enable("good");
  auto& host = start();
  Traffic traffic(host, "/good");
  traffic.wait_for("1.0.0");
  overwrite(file, std::string(fs::file_size(file), 'x'));
  host.wait_for_file("good.so", "rejected");
  const auto kept = host.wait_for_plugin("good", [](const auto& plugin) { return plugin["reason"] != ""; });
  EXPECT_EQ(kept["state"], "active");
  EXPECT_THAT(kept["reason"].get<std::string>(), HasSubstr("runs on as it was"));
  EXPECT_EQ(host.get("/good").body, "1.0.0");
  overwrite(file, testing::read_file(zoo_file("good-1.1")));
  traffic.wait_for("1.1.0");
  EXPECT_THAT(traffic.end(), ElementsAre("1.0.0", "1.1.0"));
}

TEST_F(DroppingTest, RemovedFileDoesNotDisturbWhatRuns) {
  const auto file = prefix_.drop(zoo_file("good-1.0"), "good");
  prefix_.enable("good");
  auto& host = start();
  fs::remove(file);
  const auto kept = host.wait_for_plugin("good", [](const auto& plugin) { return plugin["reason"] != ""; });
  EXPECT_EQ(kept["state"], "active");
  EXPECT_THAT(kept["reason"].get<std::string>(), HasSubstr("drop good.so there"));
  EXPECT_EQ(host.get("/good").body, "1.0.0");
  EXPECT_EQ(host.stop(), 0);
  auto& restarted = start();
  EXPECT_EQ(restarted.get("/good").body, "1.0.0") << "the last release comes back, out of the store";
  const auto missing = restarted.wait_for_state("good", "active");
  EXPECT_THAT(missing["reason"].get<std::string>(), HasSubstr("drop good.so there"));
}

TEST_F(DroppingTest, HiddenAndForeignNamesAreLeftAlone) {
  fs::copy_file(zoo_file("good-1.0"), target(".good.so"));
  testing::write_file(target("README"), "not for the host");
  prefix_.enable("good");
  auto& host = start();
  host.wait_for_state("good", "waiting");
  EXPECT_TRUE(host.status()["files"].empty());
}

}  // namespace
}  // namespace mortise::integration
