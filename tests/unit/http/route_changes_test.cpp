// What a route table shares with the one before it changes nothing of where it leads: over random sequences of
// releases, tables, pins and conflicts are as if each release were the first.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "http/loop.hpp"
#include "http/route_registry.hpp"
#include "make_generation.hpp"
#include "make_route.hpp"

namespace mortise::http {
namespace {

using runtime::GenerationPtr;

constexpr unsigned kPlugins = 80;  // more than a page of a table has

class RouteChangesTest : public ::testing::Test {
 protected:
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

  using Routes = std::vector<std::pair<std::string, std::string>>;  // methods and patterns

  static void add(const runtime::Generation& generation, const Routes& routes, RouteRegistry& registry) {
    for (const auto& [method, pattern] : routes) {
      registry.add(generation, testing::make_route(method, pattern)).value();
    }
  }

  /// Mostly with the routes that each version of the plugin has; every fourth has none.
  GenerationPtr make(unsigned plugin) {
    const auto name = "p" + std::to_string(plugin);
    const auto owned = testing::make_generation(name, ++last_);
    GenerationPtr made(owned.get(), [this, owned](runtime::Generation* gone) { registry_.forget(*gone); });
    auto& routes = routes_[last_];
    if (plugin % 4 != 0) {
      routes = {{"GET", "/" + name}, {"GET", "/" + name + (below(2) != 0 ? "/{id}" : "/{name}")}};
      if (below(6) == 0) routes.emplace_back("POST", "/" + name);
      if (below(40) == 0) routes.emplace_back("GET", "/shared/{rest...}");
    }
    add(*made, routes, registry_);
    return made;
  }

  /// "GET /p1/{id} of 7, GET, HEAD, OPTIONS"
  static std::string lead(const RouteTable& table, std::string_view method, const std::string& path) {
    Params params;
    const auto match = table.find(method, path, params);
    if (match.kind != Match::Kind::found) return std::to_string(static_cast<int>(match.kind));
    std::string text =
        match.route->method + " " + match.route->pattern + " of " + table.cones()[match.source]->entry->number_text();
    for (std::size_t i = 0; i < params.size(); ++i) {
      const auto& [name, value] = params.data()[i];
      text += " " + std::string(name.data, name.size) + "=" + std::string(value.data, value.size);
    }
    return text;
  }

  static void expect_same(const RouteTable& table, const RouteTable& fresh, const runtime::Release& release) {
    for (unsigned plugin = 0; plugin < kPlugins; ++plugin) {
      const auto path = "/p" + std::to_string(plugin);
      for (const auto* method : {"GET", "HEAD", "POST"}) {
        ASSERT_EQ(lead(table, method, path), lead(fresh, method, path));
        ASSERT_EQ(lead(table, method, path + "/x"), lead(fresh, method, path + "/x"));
      }
    }
    ASSERT_EQ(lead(table, "GET", "/shared/a/b"), lead(fresh, "GET", "/shared/a/b"));
    for (const auto& cone : release.cones()) {
      const auto source = table.source_of(*cone->entry);
      ASSERT_TRUE(source);
      ASSERT_EQ(table.cones()[*source], cone);
    }
  }

  RouteRegistry registry_;
  std::map<std::uint64_t, Routes> routes_;  // by the generation's number
  std::mt19937 random_{1};
  std::uint64_t last_ = 0;
};

TEST_F(RouteChangesTest, LeadWhereTheyWouldLeadTheFirstTime) {
  std::map<unsigned, GenerationPtr> running;
  std::map<std::uint64_t, runtime::ConePtr> cones;
  std::shared_ptr<const RouteTable> table;
  std::shared_ptr<const Pin> pin;
  unsigned built = 0;
  unsigned refused = 0;
  for (unsigned step = 0; step < 1200; ++step) {
    auto next = running;
    for (auto changes = below(3) + 1; changes > 0; --changes) {
      const auto plugin = below(kPlugins);
      if (below(8) == 0) {
        next.erase(plugin);
      } else {
        next[plugin] = make(plugin);
      }
    }
    RouteRegistry fresh;
    std::vector<runtime::GenerationRef> refs;
    std::map<std::uint64_t, runtime::ConePtr> next_cones;
    std::vector<runtime::ConePtr> list;
    for (const auto& [plugin, generation] : next) {
      add(*generation, routes_[generation->number()], fresh);
      refs.emplace_back(generation);
      const auto former = cones.find(generation->number());
      const bool is_kept = former != cones.end() && below(30) != 0;
      list.push_back(is_kept ? former->second : testing::make_cone(generation));
      next_cones[generation->number()] = list.back();
    }
    const runtime::GenerationSet set(std::move(refs));
    const auto conflicts = registry_.conflicts(set);
    ASSERT_EQ(conflicts.size(), fresh.conflicts(set).size()) << step;
    if (!conflicts.empty()) {
      ++refused;
      continue;
    }
    const runtime::Release release(step, runtime::ConeSet(std::move(list)));
    table = registry_.build(release);
    expect_same(*table, *fresh.build(release), release);
    ASSERT_FALSE(HasFatalFailure()) << step;
    pin = std::make_shared<const Pin>(table, pin.get());
    for (std::size_t i = 0; i < table->cones().size(); ++i) ASSERT_EQ(pin->cones[i], table->cones()[i]) << step;
    ++built;
    running = std::move(next);
    cones = std::move(next_cones);
    if (below(20) == 0) table.reset();  // and with the pin's end there is nothing left to make the next one from
    if (below(20) == 0) pin.reset();
  }
  EXPECT_GT(built, 500U);
  EXPECT_GT(refused, 5U);
}

/// What makes the cost of a change that of the change.
TEST_F(RouteChangesTest, KeepTheCountsOfConesThatStay) {
  const auto stays = testing::make_generation("stays", 1000);
  const auto cone = testing::make_cone(stays);
  const auto pin_of = [&](const GenerationPtr& other, const Pin* former) {
    return Pin(registry_.build(runtime::Release(1, {cone, testing::make_cone(other)})), former);
  };
  const auto first = pin_of(make(1), nullptr);
  const auto second = pin_of(make(1), &first);
  const auto one = first.cone_of(*stays);
  const auto other = second.cone_of(*stays);
  EXPECT_FALSE(one.owner_before(other) || other.owner_before(one)) << "one count";
  EXPECT_TRUE(cone.owner_before(one) || one.owner_before(cone)) << "the loop's own";
}

}  // namespace
}  // namespace mortise::http
