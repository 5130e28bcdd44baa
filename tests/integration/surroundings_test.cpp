// What the host needs around it and does not get: a port, a state directory, room on the disk, readable folders.
#include <sys/stat.h>
#include <unistd.h>

#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class SurroundingsTest : public HostTest {
 protected:
  static ChildSettings unprivileged() { return {.is_without_privileges = true, .largest_file_bytes = {}, .tmpfs = {}}; }
  /// Starts a host that must give up, and returns why.
  std::string refusal(const ChildSettings& settings = {}) {
    Host host(prefix_, settings);
    EXPECT_EQ(host.wait(), 1);
    return host.wait_for_log("cannot start")["reason"];
  }
};

TEST_F(SurroundingsTest, PortInUseIsNamedWithTheKeyToChange) {
  prefix_.add_shipped("hello");
  auto& host = start();
  Prefix other;
  other.configure({{"edge", {{"listen", nlohmann::json::array({{{"port", host.port()}}})}}}});
  Host second(other);
  EXPECT_EQ(second.wait(), 1);
  EXPECT_THAT(second.wait_for_log("cannot start")["reason"].get<std::string>(),
              AllOf(HasSubstr("127.0.0.1:" + std::to_string(host.port())), HasSubstr("edge.listen"),
                    HasSubstr("Address already in use"), HasSubstr("choose another port"),
                    HasSubstr(other.config_file().string())));
  EXPECT_EQ(host.get("/hello").status, 200);
}

TEST_F(SurroundingsTest, SecondHostOnOneStateDirectoryIsRefusedWithThePidOfTheFirst) {
  prefix_.add_shipped("hello");
  auto& host = start();
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("pid " + std::to_string(host.pid())), HasSubstr("state_directory of its own")));
  EXPECT_EQ(host.get("/hello").status, 200);
  EXPECT_EQ(host.status()["pid"], host.pid()) << "the second has left the first one's files alone";
}

TEST_F(SurroundingsTest, UnwritableStateDirectoryIsNamedWithTheKeyToChange) {
  fs::create_directories(prefix_.state_directory());
  ASSERT_EQ(::chmod(prefix_.state_directory().c_str(), 0555), 0);
  EXPECT_THAT(refusal(unprivileged()),
              AllOf(HasSubstr("'" + prefix_.state_directory().string() + "'"), HasSubstr("state_directory"),
                    HasSubstr("Permission denied"), HasSubstr("check the permissions")));
}

TEST_F(SurroundingsTest, StateDirectoryThatCannotBeMadeIsNamed) {
  testing::write_file(prefix_.path() / "file", "");
  prefix_.configure({{"state_directory", (prefix_.path() / "file/state").string()}});
  EXPECT_THAT(refusal(), AllOf(HasSubstr("file/state"), HasSubstr("Not a directory")));
}

TEST_F(SurroundingsTest, UnreadableDropDirectoryIsSaidAndLookedAtAgain) {
  prefix_.add_shipped("hello");
  ASSERT_EQ(::chmod(prefix_.drop_directory().c_str(), 0300), 0);
  auto& host = start(unprivileged());
  EXPECT_THAT(
      host.wait_for_log("cannot scan the drop directory")["reason"].get<std::string>(),
      AllOf(HasSubstr(prefix_.drop_directory().string()), HasSubstr("Permission denied"), HasSubstr("drop_directory")));
  EXPECT_EQ(host.get("/livez").status, 200);
  ASSERT_EQ(::chmod(prefix_.drop_directory().c_str(), 0755), 0);
  host.wait_for_state("hello", "active");
}

TEST_F(SurroundingsTest, FileThatTheStoreHasNoRoomForWaitsAndTheOthersServe) {
  prefix_.add_zoo("good-1.0", "good");
  prefix_.add_shipped("notes");
  // Room for the zoo's small files and the catalogue, not for a shipped plugin with its debug information.
  constexpr std::size_t kLimit = 1'000'000;
  ASSERT_GT(fs::file_size(shipped_file("notes")), kLimit);
  ASSERT_LT(fs::file_size(zoo_file("good-1.0")), kLimit);
  auto& host = start({.is_without_privileges = false, .largest_file_bytes = kLimit, .tmpfs = {}});
  EXPECT_EQ(host.get("/good").body, "1.0.0");
  const auto reason = host.wait_for_file("notes.so", "pending")["reason"].get<std::string>();
  EXPECT_THAT(reason, AllOf(HasSubstr("cannot be stored"), HasSubstr((prefix_.state_directory() / "store").string()),
                            HasSubstr("File too large"), HasSubstr("make room")));
  EXPECT_THAT(host.wait_for_state("notes", "waiting")["reason"].get<std::string>(), HasSubstr("make room"));
  host.make_room();
  host.wait_for_state("notes", "active");
  EXPECT_EQ(host.get("/notes").status, 200);
}

TEST_F(SurroundingsTest, FullFileSystemUnderTheStoreKeepsNobodyElseFromServing) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may mount a file system of its own";
  const auto store = prefix_.state_directory() / "store";
  fs::create_directories(store);
  prefix_.add_zoo("good-1.0", "good");
  prefix_.add_shipped("notes");
  auto& host = start({.is_without_privileges = false, .largest_file_bytes = {}, .tmpfs = store});
  EXPECT_EQ(host.get("/good").body, "1.0.0");
  EXPECT_THAT(host.wait_for_file("notes.so", "pending")["reason"].get<std::string>(),
              AllOf(HasSubstr(store.string()), HasSubstr("No space left on device"), HasSubstr("make room")));
  prefix_.drop(zoo_file("good-1.1"));
  host.wait_for_version("good", "1.1.0");
  EXPECT_EQ(host.get("/good").body, "1.1.0");
}

}  // namespace
}  // namespace mortise::integration
