#include "choice.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

namespace boutique {
namespace {

using Ids = std::vector<std::string>;
using Known = std::vector<mortise::Str>;

constexpr std::array<mortise::Str, 3> kCategories{"red", "green", "blue"};
constexpr Product make(const char* id, std::size_t first_category, std::size_t categories) {
  return {id, "", "", "", {"USD", 1, 0}, {&kCategories[first_category], categories}};
}
constexpr std::array kProducts{make("rose", 0, 1), make("brick", 0, 1),  make("plum", 0, 0),
                               make("moss", 1, 1), make("lagoon", 1, 2), make("sky", 2, 1)};

Ids choose_for(std::string_view visitor, const Known& known, std::int32_t most) {
  Ids ids;
  for (const auto id : choose(kProducts, visitor, known, most)) ids.push_back(id.string());
  return ids;
}
std::set<std::string> set_of(const Ids& ids, std::size_t begin, std::size_t end) {
  return {ids.begin() + static_cast<std::ptrdiff_t>(begin), ids.begin() + static_cast<std::ptrdiff_t>(end)};
}

TEST(Choice, HasWhatSharesCategoriesFirst) {
  for (const auto* visitor : {"ada", "grace", "alan", "edsger", "barbara"}) {
    const auto to_moss = choose_for(visitor, {"moss"}, 10);
    ASSERT_EQ(to_moss.size(), 5U);
    EXPECT_EQ(to_moss[0], "lagoon");
    const auto to_two = choose_for(visitor, {"rose", "lagoon"}, 10);
    ASSERT_EQ(to_two.size(), 4U);
    EXPECT_EQ(set_of(to_two, 0, 3), (std::set<std::string>{"brick", "moss", "sky"}));
    EXPECT_EQ(to_two[3], "plum");
  }
}

TEST(Choice, IsOfAllWhenNothingIsKnown) {
  EXPECT_EQ(set_of(choose_for("ada", {}, 10), 0, 6).size(), 6U);
  EXPECT_EQ(choose_for("ada", {"no such product"}, 10), choose_for("ada", {}, 10));
}

TEST(Choice, HasNothingThatIsKnown) {
  EXPECT_EQ(choose_for("ada", {"rose", "brick", "plum", "moss", "lagoon"}, 10), Ids{"sky"});
  EXPECT_TRUE(choose_for("ada", {"rose", "brick", "plum", "moss", "lagoon", "sky"}, 10).empty());
}

TEST(Choice, IsNoMoreThanWanted) {
  EXPECT_EQ(choose_for("ada", {}, 2).size(), 2U);
  EXPECT_TRUE(choose_for("ada", {}, 0).empty());
  EXPECT_TRUE(choose_for("ada", {}, -1).empty());
  EXPECT_TRUE(choose_for("ada", {}, INT32_MIN).empty());
  const auto all = choose_for("ada", {"moss"}, INT32_MAX);
  EXPECT_EQ(choose_for("ada", {"moss"}, 3), Ids(all.begin(), all.begin() + 3));
}

TEST(Choice, IsTheSameForTheSameVisitorAndProducts) {
  EXPECT_EQ(choose_for("ada", {"rose", "moss"}, 4), choose_for("ada", {"moss", "rose"}, 4));
  auto turned = kProducts;
  std::reverse(turned.begin(), turned.end());
  const Known known{"moss"};
  const auto before = choose(kProducts, "ada", known, 5);
  const auto after = choose(turned, "ada", known, 5);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin(), after.end()));
}

TEST(Choice, IsAnotherForEachVisitor) {
  std::set<std::string> firsts;
  for (int visitor = 0; visitor < 100; ++visitor) firsts.insert(choose_for(std::to_string(visitor), {}, 1).front());
  EXPECT_EQ(firsts.size(), kProducts.size());
}

}  // namespace
}  // namespace boutique
