// Many threads call through a chain of three plugins while releases are published over and over. Each provider answers
// with the stamp of the release that it was made for: a chain that meets two stamps has mixed two releases.
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "contract_fixture.hpp"
#include "runtime/contracts_table.hpp"
#include "runtime/scope.hpp"

namespace mortise::runtime {
namespace {

using testing::ContractTest;
using testing::PluginSpec;
using testing::StampContract;

/// A plugin of the chain: answers with its stamp if the rest of the chain says the same, or else with 0.
struct Link {
  explicit Link(std::uint64_t of_release) : stamp(of_release) { contract.stamp = {&Link::call, this}; }

  std::uint64_t stamp;
  std::uint32_t next_slot = 0;
  bool is_last = false;
  StampContract contract{};

  static std::uint64_t ask(std::uint32_t slot) {
    const auto* scope = mortise_scope_current(&contracts_table());
    const auto* next = static_cast<const StampContract*>(scope->bindings[slot]);
    std::uint64_t answer = 0;
    next->stamp.call(next->stamp.self, &answer);
    return answer;
  }
  static mortise_status call(void* self, std::uint64_t* result) {
    const auto& link = *static_cast<const Link*>(self);
    *result = link.is_last || ask(link.next_slot) == link.stamp ? link.stamp : 0;
    return MORTISE_OK;
  }
};

class ReleaseStressTest : public ContractTest {
 protected:
  /// A chain entry -> middle -> last, and `other`, which reaches none of them.
  struct Chain {
    std::vector<GenerationPtr> generations;
    const Link* entry = nullptr;  // lives as long as its generation
  };
  struct Published {
    ReleasePtr release;
    const Link* entry = nullptr;
  };
  enum Index : std::size_t { kLast, kMiddle, kEntry, kOther };

  Chain make_chain(std::uint64_t stamp) {
    const auto last = std::make_shared<Link>(stamp);
    const auto middle = std::make_shared<Link>(stamp);
    const auto entry = std::make_shared<Link>(stamp);
    Chain chain;
    chain.generations = {make(PluginSpec("last").provides("last", &last->contract), last),
                         make(PluginSpec("middle").provides("middle", &middle->contract).requires_("last"), middle),
                         make(PluginSpec("entry").requires_("middle"), entry), make(PluginSpec("other"))};
    middle->next_slot = slots_[slots_.size() - 2];
    entry->next_slot = slots_.back();
    last->is_last = true;
    chain.entry = entry.get();
    return chain;
  }
  /// In the order in which a chain is made.
  static ConePtr cone_at(const ReleasePtr& release, Index place) { return *std::next(release->cones().begin(), place); }
  Published publish(std::uint64_t stamp) {
    auto chain = make_chain(stamp);
    return {release(std::move(chain.generations)), chain.entry};
  }
};

TEST_F(ReleaseStressTest, NeverMixesTwoReleases) {
  constexpr std::uint64_t kReleases = 3000;
  std::mutex mutex;
  auto current = publish(1);  // guarded by mutex

  // Counts and a flag that order nothing: relaxed.
  std::atomic<bool> is_ending{false};
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> mixed{0};
  std::atomic<std::uint64_t> seen{0};  // by each thread, changes from one release to another
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      std::uint64_t last = 0;
      while (!is_ending.load(std::memory_order_relaxed)) {
        std::unique_lock lock(mutex);
        const auto cone = cone_at(current.release, kEntry);
        const auto& entry = *current.entry;
        lock.unlock();
        if (std::exchange(last, entry.stamp) != entry.stamp) seen.fetch_add(1, std::memory_order_relaxed);
        const Scope scope(cone);
        for (int round = 0; round < 50; ++round) {
          if (Link::ask(entry.next_slot) != entry.stamp) mixed.fetch_add(1, std::memory_order_relaxed);
        }
        calls.fetch_add(50, std::memory_order_relaxed);
      }
    });
  }
  for (std::uint64_t stamp = 2; stamp <= kReleases; ++stamp) {
    auto next = publish(stamp);
    {
      const std::lock_guard lock(mutex);
      std::swap(current, next);  // lets go of the former release under the readers' feet
    }
    // Or all releases may be over before the threads have had their first turn.
    while (stamp % 10 == 0 && seen.load(std::memory_order_relaxed) < stamp / 10) std::this_thread::yield();
  }
  while (calls.load(std::memory_order_relaxed) < 100000) std::this_thread::yield();
  is_ending.store(true, std::memory_order_relaxed);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(mixed.load(), 0U);
  EXPECT_GE(seen.load(), kReleases / 10) << "calls and releases came at the same time";
}

TEST_F(ReleaseStressTest, AThreadInAnUnrelatedPluginDelaysNothing) {
  auto published = publish(1);
  const std::vector<std::weak_ptr<Generation>> former{cone_at(published.release, kLast)->entry,
                                                      cone_at(published.release, kMiddle)->entry,
                                                      cone_at(published.release, kEntry)->entry};
  const auto stuck = cone_at(published.release, kOther);
  const Scope scope(stuck);
  published = publish(2);
  for (const auto& generation : former) EXPECT_TRUE(generation.expired());
}

TEST_F(ReleaseStressTest, AThreadInTheConeKeepsWhatItCanReachAndNoMore) {
  auto published = publish(1);
  const std::weak_ptr<Generation> last = cone_at(published.release, kLast)->entry;
  const std::weak_ptr<Generation> middle = cone_at(published.release, kMiddle)->entry;
  const std::weak_ptr<Generation> entry = cone_at(published.release, kEntry)->entry;
  auto stuck = cone_at(published.release, kMiddle);
  {
    const Scope scope(stuck);
    published = publish(2);
    EXPECT_FALSE(last.expired());
    EXPECT_FALSE(middle.expired());
    EXPECT_TRUE(entry.expired()) << "which nobody in 'middle' can call";
  }
  stuck.reset();
  EXPECT_TRUE(last.expired());
  EXPECT_TRUE(middle.expired());
}

}  // namespace
}  // namespace mortise::runtime
