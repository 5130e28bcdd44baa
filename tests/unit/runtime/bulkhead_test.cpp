#include "runtime/bulkhead.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace mortise::runtime {
namespace {

using Entry = Bulkhead::Entry;

class BulkheadTest : public ::testing::Test {
 protected:
  Entry enter() {
    return bulkhead_.enter(ticket_, [this] { return [this, number = ++asked_] { called_.push_back(number); }; });
  }
  void leave() {
    if (const auto next = bulkhead_.leave()) (*next)();
  }

  Bulkhead bulkhead_;
  std::uint64_t ticket_ = 0;
  int asked_ = 0;
  std::vector<int> called_;
};

TEST_F(BulkheadTest, TakesSoManyThenQueuesSoManyThenRefuses) {
  bulkhead_.set(2, 1);
  EXPECT_EQ(enter(), Entry::inside);
  EXPECT_EQ(enter(), Entry::inside);
  EXPECT_EQ(enter(), Entry::waiting);
  EXPECT_EQ(enter(), Entry::full);
  EXPECT_EQ(bulkhead_.inside(), 2U);
  EXPECT_EQ(bulkhead_.waiting(), 1U);
  EXPECT_EQ(asked_, 1) << "only who waits is asked how to be called";
}

TEST_F(BulkheadTest, APlaceThatIsGivenBackIsOfWhoWaitedLongest) {
  bulkhead_.set(1, 2);
  enter();
  enter();
  enter();
  leave();
  EXPECT_EQ(called_, (std::vector<int>{1}));
  EXPECT_EQ(bulkhead_.inside(), 1U) << "the place is taken again";
  leave();
  EXPECT_EQ(called_, (std::vector<int>{1, 2}));
  leave();
  EXPECT_EQ(bulkhead_.inside(), 0U);
}

TEST_F(BulkheadTest, NobodyOvertakesWhoWaits) {
  bulkhead_.set(1, 2);
  enter();
  enter();
  bulkhead_.set(1, 2);
  EXPECT_EQ(enter(), Entry::waiting);
}

TEST_F(BulkheadTest, WhoWithdrawsIsNotCalled) {
  bulkhead_.set(1, 2);
  enter();
  enter();
  const auto first = ticket_;
  enter();
  EXPECT_TRUE(bulkhead_.withdraw(first));
  EXPECT_FALSE(bulkhead_.withdraw(first));
  leave();
  EXPECT_EQ(called_, (std::vector<int>{2}));
  EXPECT_FALSE(bulkhead_.withdraw(ticket_)) << "it has had its turn";
}

TEST_F(BulkheadTest, MorePlacesLetInWhoWaits) {
  bulkhead_.set(1, 5);
  for (int i = 0; i < 4; ++i) enter();
  for (const auto& waiter : bulkhead_.set(3, 5)) waiter();
  EXPECT_EQ(called_, (std::vector<int>{1, 2}));
  EXPECT_EQ(bulkhead_.waiting(), 1U);
  for (const auto& waiter : bulkhead_.set(0, 5)) waiter();
  EXPECT_EQ(called_, (std::vector<int>{1, 2, 3})) << "no limit: everybody";
}

TEST_F(BulkheadTest, FewerPlacesWaitUntilThoseInsideHaveLeft) {
  bulkhead_.set(3, 5);
  for (int i = 0; i < 3; ++i) enter();
  EXPECT_TRUE(bulkhead_.set(1, 5).empty());
  EXPECT_EQ(enter(), Entry::waiting);
  leave();
  leave();
  EXPECT_TRUE(called_.empty());
  leave();
  EXPECT_EQ(called_, (std::vector<int>{1}));
}

}  // namespace
}  // namespace mortise::runtime
