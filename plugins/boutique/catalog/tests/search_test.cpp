#include "search.hpp"

#include <gtest/gtest.h>

#include <array>

namespace boutique {
namespace {

using Ids = std::vector<std::string>;

constexpr std::array<mortise::Str, 1> kTools{"tools"};
constexpr std::array<mortise::Str, 2> kToolsGarden{"tools", "Garden"};
constexpr std::array<Product, 4> kProducts{
    {{"nails", "Box of Nails", "Take a hammer to them.", "", {"USD", 3, 0}, {kTools.data(), kTools.size()}},
     {"hammer", "Claw Hammer", "For nails, and for taking them out.", "", {"USD", 9, 0}, {kTools.data(), 1}},
     {"spade", "Spade", "With a handle of ash.", "", {"USD", 19, 0}, {kToolsGarden.data(), kToolsGarden.size()}},
     {"gnome", "Gnome with a Hammer", "Nobody needs it.", "", {"USD", 29, 0}, {}}}};

Ids find(std::string_view query) {
  Ids ids;
  for (const auto& product : Search(kProducts).find(query)) ids.push_back(product.id.string());
  return ids;
}

TEST(SearchForProducts, LooksIntoNamesDescriptionsAndCategories) {
  EXPECT_EQ(find("claw"), Ids{"hammer"});
  EXPECT_EQ(find("ash"), Ids{"spade"});
  EXPECT_EQ(find("tools"), (Ids{"nails", "hammer", "spade"}));
}

TEST(SearchForProducts, PutsThoseWithTheWordsInTheNameFirst) {
  EXPECT_EQ(find("hammer"), (Ids{"hammer", "gnome", "nails"}));
  EXPECT_EQ(find("nails hammer"), (Ids{"nails", "hammer"}));
  EXPECT_EQ(find("hammer gnome"), Ids{"gnome"});
}

TEST(SearchForProducts, DoesNotMindCase) {
  EXPECT_EQ(find("SPADE"), Ids{"spade"});
  EXPECT_EQ(find("gARDEN"), Ids{"spade"});
}

TEST(SearchForProducts, NeedsEachWord) {
  EXPECT_EQ(find("tools handle"), Ids{"spade"});
  EXPECT_EQ(find("tools unicorn"), Ids{});
}

TEST(SearchForProducts, FindsPartsOfWordsButNotAcrossTexts) {
  EXPECT_EQ(find("hand"), Ids{"spade"});
  EXPECT_EQ(find("toolsgarden"), Ids{});
}

TEST(SearchForProducts, FindsAllWithoutWords) {
  const Ids all{"nails", "hammer", "spade", "gnome"};
  EXPECT_EQ(find(""), all);
  EXPECT_EQ(find(" \t\r\n "), all);
}

TEST(SearchForProducts, TakesBlanksAsTheyCome) { EXPECT_EQ(find("\n claw\t hammer  "), Ids{"hammer"}); }

TEST(SearchForProducts, GivesWholeProducts) {
  const auto found = Search(kProducts).find("spade");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].name, "Spade");
  EXPECT_EQ(found[0].price.units, 19);
  ASSERT_EQ(found[0].categories.size(), 2U);
  EXPECT_EQ(found[0].categories[1], "Garden");
}

}  // namespace
}  // namespace boutique
