#include "runtime/scope.hpp"

#include <mortise/abi/contracts.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "contract_fixture.hpp"
#include "runtime/contracts_table.hpp"

namespace mortise::runtime {
namespace {

using testing::ContractTest;
using testing::PluginSpec;
using testing::str;

std::string text(mortise_str from) { return {from.data, static_cast<std::size_t>(from.size)}; }

class ScopeTest : public ContractTest {
 protected:
  const GenerationPtr generation_ = make(PluginSpec("p", "1.2.3"));
  const ReleasePtr release_ = release({generation_});
  const ConePtr cone_ = cone_of(release_, generation_);
  const mortise_contracts_v1& table_ = contracts_table();
  mortise_host* host_ = reinterpret_cast<mortise_host*>(generation_.get());
};

TEST_F(ScopeTest, IsFoundThroughTheOffsetFromTheThreadPointer) {
  EXPECT_EQ(mortise_scope_current(&table_), nullptr);
  {
    Scope scope(cone_);
    EXPECT_EQ(mortise_scope_current(&table_), &scope.table());
    EXPECT_EQ(table_.current(), &scope.table());
    // Another thread is in no scope.
    std::thread([&] { EXPECT_EQ(mortise_scope_current(&table_), nullptr); }).join();
    std::thread([&] {
      Scope other(cone_);
      EXPECT_EQ(mortise_scope_current(&table_), &other.table());
    }).join();
  }
  EXPECT_EQ(mortise_scope_current(&table_), nullptr);
}

TEST_F(ScopeTest, NestsAndComesBack) {
  Scope outer(cone_);
  {
    Scope inner(cone_);
    EXPECT_EQ(Scope::current(), &inner);
  }
  EXPECT_EQ(Scope::current(), &outer);
}

TEST_F(ScopeTest, TellsTheTimeThatIsLeftOfWhatItWasEnteredFor) {
  using namespace std::chrono_literals;
  std::atomic<Scope::Time> deadline{Scope::Time::max()};
  Scope unlimited(cone_);
  EXPECT_EQ(table_.time_left_ms(&unlimited.table()), UINT64_MAX);
  Scope scope(cone_, &deadline);
  EXPECT_EQ(table_.time_left_ms(&scope.table()), UINT64_MAX);
  deadline = std::chrono::steady_clock::now() + 1h;
  const auto left = table_.time_left_ms(&scope.table());
  EXPECT_LE(left, 3'600'000U);
  EXPECT_GT(left, 3'000'000U);
  deadline = std::chrono::steady_clock::now();
  EXPECT_EQ(table_.time_left_ms(&scope.table()), 0U);
}

TEST_F(ScopeTest, AClientThatHasGoneCutsNothingOfThePluginsOwnWork) {
  using namespace std::chrono_literals;
  std::atomic<Scope::Time> deadline{std::chrono::steady_clock::now() + 1h};
  Scope scope(cone_, &deadline);
  EXPECT_EQ(scope.deadline_of_own_work(), deadline.load());
  deadline = Scope::kUnheard;
  EXPECT_TRUE(scope.is_unheard());
  EXPECT_EQ(table_.time_left_ms(&scope.table()), 0U);
  EXPECT_EQ(scope.deadline_of_own_work(), Scope::Time::max());
  const auto until = std::chrono::steady_clock::now() + 1h;
  const ScopeLimit limit(scope, until);
  EXPECT_EQ(scope.deadline_of_own_work(), until) << "what the plugin has limited itself stays limited";
}

TEST_F(ScopeTest, TakesLimitsThatNestAndExtendNothing) {
  using namespace std::chrono_literals;
  const std::atomic<Scope::Time> deadline{Scope::Time::clock::now() + 1h};
  Scope scope(cone_, &deadline);
  auto* const table = &scope.table();
  EXPECT_FALSE(scope.is_limited());
  const auto none = table_.limit_ms(table, 60'000);
  const auto outer = scope.deadline();
  EXPECT_TRUE(scope.is_limited());
  EXPECT_LE(table_.time_left_ms(table), 60'000U);
  EXPECT_GT(table_.time_left_ms(table), 50'000U);
  const auto first = table_.limit_ms(table, 120'000);
  EXPECT_EQ(scope.deadline(), outer) << "no further than the limit around it";
  const auto second = table_.limit_ms(table, 0);
  EXPECT_EQ(table_.time_left_ms(table), 0U);
  table_.restore_limit(table, second);
  EXPECT_EQ(scope.deadline(), outer);
  table_.restore_limit(table, first);
  EXPECT_EQ(scope.deadline(), outer);
  table_.restore_limit(table, none);
  EXPECT_EQ(scope.deadline(), deadline.load());
  table_.limit_ms(table, 7'200'000);
  EXPECT_EQ(scope.deadline(), deadline.load()) << "nor than the deadline";
  EXPECT_FALSE(scope.is_limited());
}

TEST_F(ScopeTest, ALimitIsOfItsOwnScopeAndMayBeAnyNumber) {
  Scope scope(cone_);
  table_.limit_ms(&scope.table(), 0);
  {
    Scope inner(cone_);
    EXPECT_EQ(table_.time_left_ms(&inner.table()), UINT64_MAX);
    for (const std::uint64_t none : {UINT64_MAX, UINT64_MAX - 1, std::uint64_t{1} << 63U}) {
      const auto former = table_.limit_ms(&inner.table(), none);
      EXPECT_EQ(inner.deadline(), Scope::Time::max()) << none;
      table_.restore_limit(&inner.table(), former);
    }
  }
  EXPECT_EQ(table_.time_left_ms(&scope.table()), 0U);
}

TEST_F(ScopeTest, SaysWhetherACallersLimitOrTheDeadlineHasPassed) {
  const std::atomic<Scope::Time> deadline{Scope::Time::clock::now()};
  const Scope late(cone_, &deadline);
  EXPECT_NE(what_has_passed(late).find("the deadline of the request"), std::string_view::npos);
  Scope scope(cone_);
  const ScopeLimit limit(scope, Scope::Time::clock::now());
  EXPECT_NE(what_has_passed(scope).find("its caller gives it"), std::string_view::npos);
}

TEST_F(ScopeTest, RecordsAFailureWithPluginAndMethod) {
  Scope scope(cone_);
  EXPECT_EQ(table_.fail(host_, MORTISE_NOT_FOUND, str("a/1 get"), str("no such thing"), {}), MORTISE_NOT_FOUND);
  const auto& failure = scope.table().failure;
  EXPECT_EQ(failure.status, MORTISE_NOT_FOUND);
  EXPECT_EQ(text(failure.message), "no such thing");
  EXPECT_EQ(text(failure.context), "p 1.2.3: a/1 get");
}

TEST_F(ScopeTest, AddsToTheContextOfTheFailureBehind) {
  Scope scope(cone_);
  table_.fail(host_, MORTISE_NOT_FOUND, str("b/1 place"), str("no"), str("q 1.0.0: a/1 get"));
  EXPECT_EQ(text(scope.table().failure.context), "q 1.0.0: a/1 get; p 1.2.3: b/1 place");
}

TEST_F(ScopeTest, MakesAFailureOfWhateverStatusIsGiven) {
  EXPECT_EQ(table_.fail(host_, MORTISE_OK, {}, {}, {}), MORTISE_UNKNOWN) << "and outside any scope nothing is recorded";
  Scope scope(cone_);
  EXPECT_EQ(table_.fail(host_, 4711, {}, {}, {}), MORTISE_UNKNOWN);
  EXPECT_EQ(scope.table().failure.status, MORTISE_UNKNOWN);
}

TEST_F(ScopeTest, GivesTheArenaBackWhenItEnds) {
  // Sixteen times the arena's cap, all in all.
  for (int round = 0; round < 16; ++round) {
    Scope scope(cone_);
    for (int i = 0; i < 16; ++i) {
      ASSERT_NE(mortise_arena_allocate(&table_, &scope.table(), 60000, 8), nullptr) << "round " << round;
    }
  }
}

TEST_F(ScopeTest, ForgetsAFailureWhoseTextsAreFreed) {
  Scope scope(cone_);
  const auto mark = table_.arena_mark(&scope.table());
  table_.fail(host_, MORTISE_ABORTED, str("a/1 get"), str("why"), {});
  table_.arena_rewind(&scope.table(), mark);
  EXPECT_EQ(scope.table().failure.status, MORTISE_OK);
  EXPECT_EQ(scope.table().failure.message.data, nullptr);
}

TEST_F(ScopeTest, KeepsTheStatusOfAFailureWhenTheArenaIsFull) {
  Scope scope(cone_);
  while (mortise_arena_allocate(&table_, &scope.table(), 4096, 1) != nullptr) {
  }
  while (mortise_arena_allocate(&table_, &scope.table(), 1, 1) != nullptr) {
  }
  EXPECT_EQ(table_.fail(host_, MORTISE_ABORTED, str("a/1 get"), str("why"), {}), MORTISE_ABORTED);
  EXPECT_EQ(scope.table().failure.status, MORTISE_ABORTED);
  EXPECT_EQ(scope.table().failure.message.size, 0U);
}

}  // namespace
}  // namespace mortise::runtime
