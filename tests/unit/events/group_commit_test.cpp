#include "events/group_commit.hpp"

#include <thread>

#include "outbox_fixture.hpp"

namespace mortise::events {
namespace {

class GroupCommitTest : public OutboxTest {
 protected:
  base::Result<void> write(const std::string& text, sql::Time deadline = sql::Time::max()) {
    const auto bytes = "\x01" + text;
    return commits_.write(publication("", bytes), deadline);
  }
  GroupCommit commits_{database_};
};

TEST_F(GroupCommitTest, AllThatPublishAtOnceAreOnTheDisk) {
  constexpr int kThreads = 8;
  constexpr int kEach = 50;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kEach; ++j) EXPECT_TRUE(write("x"));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(count("mortise_outbox"), kThreads * kEach);
}

TEST_F(GroupCommitTest, WhoComesMeanwhileIsTakenAlong) {
  auto transaction = *database_->begin(sql::Database::Access::write, sql::Time::max());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_TRUE(write("x")); });
  }
  EXPECT_FALSE(write("in a transaction that is open")) << "it would wait for itself";
  transaction.reset();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(count("mortise_outbox"), 4);
}

TEST_F(GroupCommitTest, AFullDiskIsToldToAllAndNoneIsThere) {
  EXPECT_TRUE(write("kept"));
  fill_disk();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto full = write("lost");
      ASSERT_FALSE(full);
      EXPECT_EQ(full.error().code, base::ErrorCode::unavailable);
      EXPECT_THAT(full.error().message, ::testing::HasSubstr("the disk is full: the database 'says.sqlite'"));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(count("mortise_outbox"), 1);
  make_room();
  EXPECT_TRUE(write("x"));
  EXPECT_EQ(count("mortise_outbox"), 2);
}

}  // namespace
}  // namespace mortise::events
