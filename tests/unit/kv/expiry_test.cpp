// What has a time to live, until that is over and afterwards.
#include <chrono>

#include "kv_test_base.hpp"

namespace mortise::kv {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

TEST_F(KvTest, ATimeToLiveEndsSoMuchLaterByTheWallClock) {
  const auto before = std::chrono::floor<std::chrono::milliseconds>(system_clock::now());
  kv().put("a", "1", {.time_to_live = 5min});
  kv().put("b", "1");
  const auto after = std::chrono::floor<std::chrono::milliseconds>(system_clock::now());
  const auto entry = kv().get_entry("a");
  ASSERT_TRUE(entry && entry->expires_at);
  EXPECT_GE(*entry->expires_at, before + 5min);
  EXPECT_LE(*entry->expires_at, after + 5min);
  EXPECT_EQ(kv().get_entry("b")->expires_at, std::nullopt);
}

TEST_F(KvTest, IsGoneWhenItsTimeIsOver) {
  const auto before = std::chrono::floor<std::chrono::milliseconds>(system_clock::now());
  kv().put("a", "1", {.time_to_live = 1ms});
  while (kv().get("a")) ASSERT_LT(system_clock::now(), before + 1min);
  EXPECT_GE(system_clock::now(), before + 1ms) << "and not sooner";
}

TEST_F(KvTest, ExpiryOutlivesTheProcess) {
  kv().put("a", "1", {.time_to_live = 1h});
  kv().put("b", "1", {.time_to_live = 1h});
  expire("b");
  database_.reset();
  database_ = *sql::Database::open(file());
  EXPECT_THAT(keys(""), ElementsAre("a"));
  EXPECT_TRUE(kv().get_entry("a")->expires_at);
}

TEST_F(KvTest, NobodySeesWhatIsOver) {
  const auto version = kv().put("a", "1", {.time_to_live = 1h});
  expire("a");
  EXPECT_EQ(kv().get("a"), std::nullopt);
  EXPECT_THAT(keys(""), IsEmpty());
  EXPECT_FALSE(kv().remove("a"));
  EXPECT_FALSE(kv().compare_and_remove("a", version));
  EXPECT_EQ(kv().compare_and_set("a", version, "2"), std::nullopt);
  EXPECT_EQ(row_count(), 1) << "though its row is there yet";
  const auto next = kv().compare_and_set("a", 0, "3");
  ASSERT_TRUE(next);
  EXPECT_GT(*next, version);
  EXPECT_THAT(kv().get("a"), Optional(std::string("3")));
}

TEST_F(KvTest, TheNextValueHasATimeOfItsOwn) {
  kv().put("a", "1", {.time_to_live = 1h});
  kv().put("a", "2");
  EXPECT_EQ(kv().get_entry("a")->expires_at, std::nullopt);
  ASSERT_TRUE(kv().compare_and_set("a", kv().get_entry("a")->version, "3", {.time_to_live = 1h}));
  EXPECT_TRUE(kv().get_entry("a")->expires_at);
}

TEST_F(KvTest, EachPutTakesAFewAwayThatAreOver) {
  for (char key = 'a'; key < 'k'; ++key) kv().put(std::string(1, key), "1", {.time_to_live = 1h});
  kv().put("stays", "1", {.time_to_live = 1h});
  ASSERT_EQ(sql().execute("UPDATE mortise_kv SET expires_at = 1 WHERE length(key) = 1"), 10);
  kv().put("one", "1");
  EXPECT_EQ(row_count(), 10 - 4 + 2) << "some, and not all at once";
  ASSERT_TRUE(kv().compare_and_set("two", 0, "1"));
  kv().put("two", "2");
  EXPECT_EQ(row_count(), 3);
  EXPECT_THAT(keys(""), ElementsAre("one", "stays", "two"));
}

TEST_F(KvTest, APutTakesNotManyBytesAway) {
  constexpr std::size_t kMany = 400 << 10U;  // two of them are less than a MiB
  for (char key = 'a'; key < 'e'; ++key) kv().put(std::string(1, key), std::string(kMany, 'v'));
  kv().put("huge", std::string(5 * kMany, 'v'));
  kv().put("small", "1");
  ASSERT_EQ(sql().execute("UPDATE mortise_kv SET expires_at = version"), 6);
  const auto left = [this] { return select("SELECT CAST(key AS TEXT) FROM mortise_kv WHERE expires_at IS NOT NULL"); };
  kv().put("other", "1");
  EXPECT_THAT(left(), ElementsAre("c", "d", "huge", "small"));
  kv().put("other", "2");
  EXPECT_THAT(left(), ElementsAre("huge", "small"));
  kv().put("other", "3");
  EXPECT_THAT(left(), ElementsAre("small")) << "one at least, whatever its size";
  kv().put("other", "4");
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(KvTest, WhatIsOverTakesNoMoreRoomThanItHas) {
  for (int i = 0; i < 200; ++i) {
    const auto key = std::to_string(i);
    kv().put(key, "1", {.time_to_live = 1h});
    expire(key);
    ASSERT_LE(row_count(), 2);
  }
}

TEST_F(KvTest, ATimeToLiveIsNeitherNothingNorBeyondCounting) {
  EXPECT_EQ(refusal_of([&] { kv().put("a", "1", {.time_to_live = 0ms}); }), Status::invalid_argument);
  EXPECT_EQ(refusal_of([&] { kv().put("a", "1", {.time_to_live = -1ms}); }), Status::invalid_argument);
  EXPECT_EQ(refusal_of([&] { kv().put("a", "1", {.time_to_live = std::chrono::milliseconds::max() - 1ms}); }),
            Status::out_of_range);
  EXPECT_EQ(kv().get("a"), std::nullopt);
  kv().put("a", "1", {.time_to_live = std::chrono::milliseconds(MORTISE_KV_MAX_TTL_MS)});
  EXPECT_TRUE(kv().get_entry("a")->expires_at);
  EXPECT_EQ(
      refusal_of([&] { kv().put("a", "1", {.time_to_live = std::chrono::milliseconds(MORTISE_KV_MAX_TTL_MS + 1)}); }),
      Status::out_of_range);
}

}  // namespace
}  // namespace mortise::kv
