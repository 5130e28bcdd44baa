// Keys in their order.
#include "kv_test_base.hpp"

namespace mortise::kv {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ScanTest : public KvTest {
 protected:
  void put_all(std::initializer_list<std::string_view> all) const {
    for (const auto key : all) kv().put(key, "value");
  }
};

TEST_F(ScanTest, KeysAreInTheOrderOfTheirBytes) {
  const std::string zero("a\0", 2);
  put_all({"b", "a\xff", "\xff", "ab", "a", "\x7f", "B", zero, "\xc3\xa4"});
  EXPECT_THAT(keys(""), ElementsAre("B", "a", zero, "ab", "a\xff", "b", "\x7f", "\xc3\xa4", "\xff"));
}

TEST_F(ScanTest, APrefixIsTakenByItsBytes) {
  put_all({"user", "user/1", "user/2", "user0", "USER/3", "use"});
  EXPECT_THAT(keys("user/"), ElementsAre("user/1", "user/2"));
  EXPECT_THAT(keys("user"), ElementsAre("user", "user/1", "user/2", "user0"));
  EXPECT_THAT(keys("nobody"), IsEmpty());
}

TEST_F(ScanTest, APrefixMayEndWithTheLastByte) {
  put_all({"a", "a\xff", "a\xff\xff", "a\xff\xff!", "b", "\xff", "\xff\xff", "\xff\xffz"});
  EXPECT_THAT(keys("a\xff"), ElementsAre("a\xff", "a\xff\xff", "a\xff\xff!"));
  EXPECT_THAT(keys("a\xff\xff"), ElementsAre("a\xff\xff", "a\xff\xff!"));
  EXPECT_THAT(keys("\xff"), ElementsAre("\xff", "\xff\xff", "\xff\xffz"));
  const std::string last(MORTISE_KV_MAX_KEY_BYTES, '\xff');
  kv().put(last, "");
  EXPECT_THAT(keys("\xff\xff"), ElementsAre("\xff\xff", "\xff\xffz", last));
  EXPECT_THAT(keys(last), ElementsAre(last));
}

TEST_F(ScanTest, NoByteStandsForOthers) {
  put_all({"a%b", "a_b", "axb", "a*b", "a?b", "a[b", "a'b", "a\"b", "a\\b", "a--b", "a;b"});
  for (const auto* prefix : {"a%", "a_", "a*", "a?", "a[", "a'", "a\"", "a\\", "a--", "a;"}) {
    EXPECT_THAT(keys(prefix), ElementsAre(std::string(prefix) + "b"));
  }
}

TEST_F(ScanTest, GoesOnAfterTheLastKey) {
  put_all({"a/1", "a/2", "a/3", "b/1"});
  EXPECT_THAT(keys("a/", 2), ElementsAre("a/1", "a/2"));
  EXPECT_THAT(keys("a/", 2, "a/2"), ElementsAre("a/3"));
  EXPECT_THAT(keys("a/", 2, "a/3"), IsEmpty());
  EXPECT_THAT(keys("", 2, "a/2"), ElementsAre("a/3", "b/1"));
  EXPECT_THAT(keys("a/", 2, "a/15"), ElementsAre("a/2", "a/3")) << "that need not be there";
}

TEST_F(ScanTest, WhatIsAfterNeedNotBeginWithThePrefix) {
  put_all({"a", "b", "b/1", "c"});
  EXPECT_THAT(keys("b", 9, "a"), ElementsAre("b", "b/1"));
  EXPECT_THAT(keys("b", 9, "b"), ElementsAre("b/1"));
  EXPECT_THAT(keys("b", 9, "c"), IsEmpty());
}

TEST_F(ScanTest, APageEndsBeforeItTakesTooMuch) {
  constexpr std::size_t kFirst = std::size_t{40} << 20U;
  constexpr std::size_t kRest = MORTISE_KV_MAX_SCAN_BYTES - kFirst - 2 * (1 + MORTISE_KV_SCAN_ENTRY_BYTES);
  kv().put("a", std::string(kFirst, 'v'));
  kv().put("b", std::string(kRest, 'v'));
  EXPECT_THAT(keys("", 9), ElementsAre("a", "b")) << "to the last byte";
  put_all({"c", "d"});
  EXPECT_THAT(keys("", 9), ElementsAre("a", "b"));
  EXPECT_THAT(keys("", 9, "b"), ElementsAre("c", "d"));
  EXPECT_THAT(keys("", 9, "d"), IsEmpty());
  kv().put("b", std::string(kRest + 1, 'v'));
  EXPECT_THAT(keys("", 9), ElementsAre("a"));
  EXPECT_THAT(keys("", 9, "a"), ElementsAre("b", "c", "d"));
}

TEST_F(ScanTest, TheLargestEntryIsAPageOfItsOwn) {
  const std::string key(MORTISE_KV_MAX_KEY_BYTES, 'k');
  kv().put(key, std::string(MORTISE_KV_MAX_VALUE_BYTES, 'v'));
  put_all({"j", "l"});
  EXPECT_THAT(keys("", 9, "j"), ElementsAre(key, "l"));
  expire(key);
  EXPECT_THAT(keys("", 9), ElementsAre("j", "l")) << "what is over takes nothing of it";
}

TEST_F(ScanTest, TellsAllOfEachEntry) {
  const auto version = kv().put("a", "1", {.time_to_live = std::chrono::hours(1)});
  const auto found = kv().scan("", 1);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].key, "a");
  EXPECT_EQ(found[0].value, "1");
  EXPECT_EQ(found[0].version, version);
  EXPECT_EQ(found[0].expires_at, kv().get_entry("a")->expires_at);
}

TEST_F(ScanTest, AnEntryThatIsRefusedEndsItWithThatStatus) {
  put_all({"a", "b", "c"});
  std::vector<std::string> seen;
  const mortise_kv_entries entries{sizeof entries, 0, &seen,
                                   [](void* self, const mortise_kv_entry* entry) -> mortise_status {
                                     auto& all = *static_cast<std::vector<std::string>*>(self);
                                     all.emplace_back(detail::view(entry->key));
                                     return all.size() == 2 ? MORTISE_CANCELLED : MORTISE_OK;
                                   }};
  EXPECT_EQ(table_.scan(handle(), nullptr, {nullptr, 0}, {nullptr, 0}, 9, &entries, nullptr), MORTISE_CANCELLED);
  EXPECT_THAT(seen, ElementsAre("a", "b"));
  EXPECT_EQ(table_.get(handle(), nullptr, detail::borrow_bytes("a"), &entries, nullptr), MORTISE_OK);
}

}  // namespace
}  // namespace mortise::kv
