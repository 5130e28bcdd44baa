// What a host finds after a death without warning: everything serves again, and nothing half-done is served.
#include <signal.h>

#include "support/host_test.hpp"
#include "support/traffic.hpp"

namespace mortise::integration {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class RecoveryTest : public HostTest {
 protected:
  void kill() {
    host_->signal(SIGKILL);
    EXPECT_EQ(host_->wait(), -SIGKILL);
  }
  [[nodiscard]] fs::path image_of(const std::string& name) const {
    const auto sha256 = host_->wait_for_state(name, "active")["sha256"].get<std::string>();
    return prefix_.state_directory() / "store" / (sha256 + ".so");
  }
};

TEST_F(RecoveryTest, AfterAKillUnderLoadEverythingServesAgainWithoutAnotherProbe) {
  prefix_.add_shipped("hello");
  prefix_.add_shipped("notes");
  prefix_.add_zoo("good-1.0", "good");
  auto& host = start();
  EXPECT_EQ(host.connect().send_json("POST", "/notes", {{"title", "kept"}}).status, 201);
  {
    Traffic traffic(host, "/hello");
    traffic.wait_for("Hello, world!\n");
    kill();
  }
  EXPECT_TRUE(fs::exists(prefix_.state_directory() / "status.json")) << "nobody removed it";
  EXPECT_THAT(mortise({"list"}).out, Not(HasSubstr("active"))) << "the dead host's status counts as none";

  auto& again = start();
  EXPECT_EQ(again.get("/hello").status, 200);
  EXPECT_EQ(again.get("/good").body, "1.0.0");
  EXPECT_EQ(again.get("/notes").json()["notes"][0]["title"], "kept");
  EXPECT_THAT(again.log_text(), Not(HasSubstr("file verified"))) << "the catalogue still knows them";
  EXPECT_EQ(again.status()["pid"], again.pid());
}

TEST_F(RecoveryTest, KillsWhileFilesAreTakenInLeaveNothingHalfDone) {
  for (const auto* name : {"hello", "notes", "files"}) prefix_.add_shipped(name);
  // The first pass, in which all three are copied, probed and stored, begins right after this line.
  for (int i = 0; i < 5; ++i) {
    host_.emplace(prefix_);
    host_->wait_for_log("listening");
    kill();
  }
  auto& host = start();
  for (const auto* name : {"hello", "notes", "files"}) {
    const auto image = image_of(name);
    EXPECT_EQ(testing::read_file(image), testing::read_file(shipped_file(name))) << image;
  }
  EXPECT_EQ(host.get("/hello").status, 200);
}

TEST_F(RecoveryTest, CorruptCatalogueIsSetAsideAndBuiltAnew) {
  prefix_.add_shipped("hello");
  start();
  EXPECT_EQ(host_->stop(), 0);
  testing::write_file(prefix_.state_directory() / "catalog.db", std::string(20000, 'x'));
  auto& host = start();
  EXPECT_EQ(host.get("/hello").status, 200);
  EXPECT_THAT(host.wait_for_log("the catalogue needs attention")["reason"].get<std::string>(), HasSubstr("is corrupt"));
  EXPECT_TRUE(fs::exists(prefix_.state_directory() / "catalog.db.corrupt-1"));
}

TEST_F(RecoveryTest, DamagedImageIsTakenFromTheDroppedFileAgain) {
  prefix_.add_zoo("good-1.0", "good");
  start();
  const auto image = image_of("good");
  EXPECT_EQ(host_->stop(), 0);
  fs::permissions(image, fs::perms::owner_write, fs::perm_options::add);
  fs::resize_file(image, 100);
  auto& host = start();
  EXPECT_EQ(host.get("/good").body, "1.0.0");
  EXPECT_EQ(testing::read_file(image), testing::read_file(zoo_file("good-1.0")));
}

TEST_F(RecoveryTest, LostStateIsRebuiltFromTheDropDirectory) {
  prefix_.add_shipped("hello");
  start();
  EXPECT_EQ(host_->stop(), 0);
  fs::remove_all(prefix_.state_directory());
  EXPECT_EQ(start().get("/hello").status, 200);
}

}  // namespace
}  // namespace mortise::integration
