// What a release shares with the one before it changes nothing of what it is: over random sequences of sets, cones,
// tables and conflicts are as if each set were the first.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "contract_fixture.hpp"
#include "runtime/binder.hpp"

namespace mortise::runtime {
namespace {

using testing::ContractTest;
using testing::PluginSpec;

constexpr std::array<const char*, 5> kContracts{"a", "b", "c", "d", "e"};
// Contracts are only pointers here; nobody calls them.
constexpr std::array<int, 64> kProvided{};

class RebindingTest : public ContractTest {
 protected:
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

  GenerationPtr make_some(unsigned plugin) {
    PluginSpec spec("p" + std::to_string(plugin), std::to_string(below(3)) + ".0.0");
    const auto* provided = &kProvided[below(kProvided.size())];
    if (below(3) != 0) {
      spec.provides(kContracts[below(5)], provided, {}, static_cast<std::int32_t>(below(3)),
                    below(8) == 0 ? "other()->void" : testing::kMethods);
    }
    std::array<bool, 5> is_required{};
    for (auto count = below(3); count > 0; --count) {
      const auto contract = below(5);
      if (std::exchange(is_required[contract], true)) continue;
      spec.requires_(kContracts[contract], {.optional = below(4) != 0, .all = below(4) == 0});
    }
    return make(spec);
  }

  static std::vector<const void*> list_at(const void* binding) {
    std::vector<const void*> list;
    const auto& providers = *static_cast<const mortise_providers*>(binding);
    for (std::uint64_t i = 0; i < providers.count; ++i) list.push_back(providers.items[i].contract);
    return list;
  }

  /// What the plugin finds through these bindings.
  static void expect_bound(const BindingTable& table, const Bound& bound) {
    for (const auto& link : bound.links) {
      ASSERT_LT(link.slot, table.size());
      if (link.is_list) {
        std::vector<const void*> expected;
        for (const auto& provider : link.providers) expected.push_back(provider.provision->provided);
        EXPECT_EQ(list_at(table.data()[link.slot]), expected);
      } else {
        EXPECT_EQ(table.data()[link.slot], link.providers.front().provision->provided);
      }
    }
  }

  /// Everything that can be reached from each cone is bound in it as if nothing had been before.
  void expect_whole(const Release& release, const GenerationSet& set) {
    Binder fresh(contracts_.registry());
    const auto bounds = fresh.resolve(set).bounds;
    ASSERT_EQ(release.cones().size(), set.size());
    for (const auto& cone : release.cones()) {
      const auto number = cone->entry->number();
      EXPECT_EQ(*cone->reached, *fresh.reach(number));
      expect_bound(*cone->bindings, *bounds.at(number).second);
      for (const auto& reached : *cone->reached) expect_bound(*cone->bindings, *bounds.at(reached->number()).second);
      expect_bound(*release.bindings(), *bounds.at(number).second);
    }
  }

  /// As an admin is told of them.
  static std::vector<std::string> text_of(const std::vector<Service::Conflict>& conflicts) {
    std::vector<std::string> lines;
    for (const auto& conflict : conflicts) {
      lines.push_back(std::to_string(conflict.culprit->number()) + " " + conflict.message);
      for (const auto& other : conflict.others) lines.back() += " " + std::to_string(other->number());
    }
    return lines;
  }

  std::mt19937 random_{1};
};

TEST_F(RebindingTest, MakesTheReleaseThatItWouldMakeTheFirstTime) {
  std::map<unsigned, GenerationPtr> running;
  ReleasePtr release;
  ReleasePtr held;  // as by a request that lasts
  unsigned built = 0;
  for (unsigned step = 0; step < 3000; ++step) {
    auto next = running;
    for (auto changes = below(3) + 1; changes > 0; --changes) {
      const auto plugin = below(24);
      if (below(4) == 0) {
        next.erase(plugin);
      } else {
        next[plugin] = make_some(plugin);
      }
    }
    std::vector<GenerationPtr> list;
    for (const auto& [plugin, generation] : next) list.push_back(generation);
    const auto set = set_of(list);
    const auto conflicts = contracts_.check(set);
    Binder fresh(contracts_.registry());
    const auto resolution = fresh.resolve(set);
    ASSERT_EQ(text_of(conflicts), text_of(resolution.conflicts)) << step;
    if (!conflicts.empty()) continue;
    auto made = contracts_.build(step, set);
    ASSERT_EQ(made.remarks, resolution.remarks) << step;
    expect_whole(*made.release, set);
    ASSERT_FALSE(HasFailure()) << step;
    ++built;
    if (below(10) == 0) held = release;
    release = std::move(made.release);
    running = std::move(next);
    if (below(20) == 0) release.reset();  // nothing is left to make the next one from
  }
  EXPECT_GT(built, 300U);
}

TEST_F(RebindingTest, KeepsFewTablesHoweverLongConesStay) {
  std::vector<GenerationPtr> list;
  for (unsigned i = 0; i < 100; ++i) list.push_back(make(PluginSpec("p" + std::to_string(i))));
  auto release = contracts_.build(0, set_of(list)).release;
  for (unsigned i = 0; i < 100; ++i) {
    list[i] = make(PluginSpec("p" + std::to_string(i), "2.0.0"));
    release = contracts_.build(i + 1, set_of(list)).release;
    std::set<const BindingTable*> tables;
    for (const auto& cone : release->cones()) tables.insert(cone->bindings.get());
    ASSERT_LE(tables.size(), 17U) << i;
  }
}

}  // namespace
}  // namespace mortise::runtime
