#include "pick.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <vector>

namespace boutique {
namespace {

using Categories = std::vector<mortise::Str>;

class PickAds : public testing::Test {
 protected:
  /// The texts, in the order in which they were drawn.
  std::vector<std::string> pick(const Categories& categories, std::int32_t most) {
    std::vector<Ad> room(room_for(most));
    std::vector<std::string> texts;
    for (const auto& ad : pick_ads(categories, room, random_)) {
      EXPECT_FALSE(ad.product.empty());
      texts.push_back(ad.text.string());
    }
    return texts;
  }
  std::set<std::string> set_of(const Categories& categories) {
    const auto texts = pick(categories, INT32_MAX);
    return {texts.begin(), texts.end()};
  }

 private:
  std::minstd_rand random_{1};
};

TEST_F(PickAds, GivesNoMoreThanWanted) {
  EXPECT_EQ(pick({}, 2).size(), 2U);
  EXPECT_EQ(pick({"garden"}, 1).size(), 1U);
  EXPECT_TRUE(pick({}, 0).empty());
  EXPECT_TRUE(pick({}, -1).empty());
  EXPECT_TRUE(pick({"garden"}, INT32_MIN).empty());
}

TEST_F(PickAds, GivesNoAdTwice) {
  const auto all = pick({}, INT32_MAX);
  EXPECT_EQ(set_of({}).size(), all.size());
  EXPECT_EQ(set_of({"garden", "garden"}), set_of({"garden"}));
}

TEST_F(PickAds, FitsOneOfTheCategories) {
  const auto garden = set_of({"garden"});
  const auto desk = set_of({"desk"});
  auto both = garden;
  both.insert(desk.begin(), desk.end());
  EXPECT_EQ(garden.size(), 2U);
  EXPECT_EQ(both.size(), garden.size() + desk.size());
  EXPECT_EQ(set_of({"garden", "no such category", "desk"}), both);
}

TEST_F(PickAds, IsOfAllWhenNoneFits) {
  EXPECT_EQ(set_of({"no such category"}), set_of({}));
  EXPECT_GT(set_of({}).size(), 10U);
}

TEST_F(PickAds, DrawsEachAsOftenAsTheOthers) {
  const auto kitchen = set_of({"kitchen"});
  std::multiset<std::string> drawn;
  for (int i = 0; i < 4000; ++i) drawn.insert(pick({"kitchen"}, 1).front());
  ASSERT_EQ(kitchen.size(), 4U);
  for (const auto& text : kitchen) {
    EXPECT_GT(drawn.count(text), 850U) << text;
    EXPECT_LT(drawn.count(text), 1150U) << text;
  }
}

}  // namespace
}  // namespace boutique
