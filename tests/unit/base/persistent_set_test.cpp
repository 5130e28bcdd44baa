// Versions of a set beside a standard map each, whatever is put and erased.
#include "base/persistent_set.hpp"

#include <gmock/gmock.h>

#include <map>
#include <optional>
#include <random>

namespace mortise::base {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using Map = PersistentMap<int>;
using Model = std::map<std::string, int>;

std::vector<std::pair<std::string, int>> list(const Map& map) { return {map.begin(), map.end()}; }
std::vector<std::pair<std::string, int>> list(const Model& model) { return {model.begin(), model.end()}; }

/// By key, what was there and what is.
using Differences = std::map<std::string, std::pair<std::optional<int>, std::optional<int>>>;

Differences differences(const Map& before, const Map& after) {
  Differences found;
  for_each_difference(before, after, [&](const auto* a, const auto* b) {
    const auto value = [](const auto* entry) { return entry == nullptr ? std::nullopt : std::optional(entry->second); };
    EXPECT_TRUE(found.emplace((a == nullptr ? b : a)->first, std::pair(value(a), value(b))).second) << "told twice";
  });
  return found;
}

Differences differences(const Model& before, const Model& after) {
  Differences found;
  for (const auto& [key, value] : before) found[key].first = value;
  for (const auto& [key, value] : after) found[key].second = value;
  std::erase_if(found, [](const auto& entry) { return entry.second.first == entry.second.second; });
  return found;
}

TEST(PersistentSet, IsSortedAndTakesTheLastOfOneKey) {
  const Map map{{"b", 2}, {"a", 1}, {"b", 3}};
  EXPECT_THAT(list(map), ElementsAre(Pair("a", 1), Pair("b", 3)));
  EXPECT_EQ(map.at("b").second, 3);
  EXPECT_TRUE(map.contains("a"));
  EXPECT_TRUE(map.find("ab") == map.end());
  EXPECT_TRUE(Map().find("a") == Map().end() || Map().empty());
}

TEST(PersistentSet, LeavesEachVersionAsItWas) {
  std::mt19937 random(1);
  std::vector<std::pair<Map, Model>> versions(1);
  for (int step = 0; step < 4000; ++step) {
    auto [map, model] = versions[random() % versions.size()];
    // In waves, so that pages are split, and emptied.
    for (auto changes = random() % 8; changes > 0; --changes) {
      const auto key = std::to_string(random() % 700);
      if (random() % 10 < (step % 2000 < 1000 ? 7U : 2U)) {
        map.put({key, step});
        model[key] = step;
      } else {
        EXPECT_EQ(map.erase(key), model.erase(key));
      }
    }
    ASSERT_EQ(map.size(), model.size());
    ASSERT_EQ(list(map), list(model));
    const auto& [other_map, other_model] = versions[random() % versions.size()];
    ASSERT_EQ(differences(other_map, map), differences(other_model, model));
    ASSERT_EQ(other_map == map, other_model == model);
    if (versions.size() < 50) {
      versions.emplace_back(map, model);
    } else {
      versions[random() % versions.size()] = {map, model};
    }
  }
  for (const auto& [map, model] : versions) EXPECT_EQ(list(map), list(model));
}

TEST(PersistentSet, ComparesByValueWhatWasMadeTwice) {
  std::vector<Map::value_type> values;
  for (int i = 0; i < 500; ++i) values.emplace_back(std::to_string(i), i);
  const Map one(values);
  Map other;
  for (const auto& value : values) other.put(value);
  EXPECT_THAT(differences(one, other), IsEmpty());
  EXPECT_EQ(one, other);
  other.put({"7", 8});
  EXPECT_EQ(differences(one, other), (Differences{{"7", {7, 8}}}));
}

TEST(PersistentSet, LeavesAValueWhereItIs) {
  Map map;
  map.put({"a", 1});
  const auto* one = &map.at("a");
  for (int i = 0; i < 500; ++i) map.put({"b" + std::to_string(i), i});
  const auto copy = map;
  EXPECT_EQ(&copy.at("a"), one);
}

}  // namespace
}  // namespace mortise::base
