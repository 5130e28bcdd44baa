// The thread of the host's that makes a handler's calls of others, and stays with it for the next one. Under
// ThreadSanitizer this is what looks at the word between them.
#include "isolation/calling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "http/make_generation.hpp"
#include "isolation/calls.hpp"
#include "isolation/contract_world.hpp"
#include "isolation/fake_edge.hpp"
#include "isolation/fake_socket.hpp"
#include "isolation/futex.hpp"

namespace mortise::isolation {
namespace {

using Place = std::optional<std::uint32_t>;
using ::testing::HasSubstr;
constexpr std::chrono::seconds kLong{60};

class CallingTest : public ::testing::Test {
 protected:
  /// What a thread of the host's hears that stays for the request of that number.
  Place wait(std::uint64_t sequence) { return calling::wait(call_, sequence, kLong); }

  std::shared_ptr<Area> area_ = *Area::make();
  CallMemory& call_ = area_->memory().calls[7];
};

TEST_F(CallingTest, NobodyIsThereForTheFirstCall) { EXPECT_FALSE(calling::hand_over(call_, 3)); }

TEST_F(CallingTest, WhoStaysHearsOfTheNextCall) {
  calling::stay(call_, 1);
  std::thread handler([this] { EXPECT_TRUE(calling::hand_over(call_, 3)); });
  EXPECT_EQ(wait(1), Place(3));
  handler.join();
  EXPECT_FALSE(calling::hand_over(call_, 4)) << "it is busy with the other one";
}

TEST_F(CallingTest, WhoStaysLeavesWhenTheHandlerReturns) {
  calling::stay(call_, 1);
  std::thread handler([this] { const calling::Handler inside(call_); });
  EXPECT_EQ(wait(1), Place());
  handler.join();
  EXPECT_FALSE(calling::hand_over(call_, 3));
}

TEST_F(CallingTest, WhoHasStayedForTooLongLeaves) {
  calling::stay(call_, 1);
  EXPECT_EQ(calling::wait(call_, 1, std::chrono::milliseconds(1)), Place());
  EXPECT_FALSE(calling::hand_over(call_, 3));
}

TEST_F(CallingTest, WhoIsLateTakesNothingOfTheNextRequests) {
  calling::stay(call_, 1);
  { const calling::Handler inside(call_); }
  calling::stay(call_, 2);
  EXPECT_EQ(wait(1), Place());
  EXPECT_TRUE(calling::hand_over(call_, 3));
  EXPECT_EQ(wait(1), Place());
  EXPECT_EQ(wait(2), Place(3));
}

TEST_F(CallingTest, NoneOfManyCallsIsLost) {
  constexpr std::uint32_t kCalls = 20000;
  std::atomic<std::uint32_t> answered{0};
  calling::stay(call_, 1);
  std::thread handler([&] {
    const calling::Handler inside(call_);
    for (std::uint32_t i = 0; i < kCalls; ++i) {
      ASSERT_TRUE(calling::hand_over(call_, i % kOutgoingCount));
      answered.wait(i);
    }
  });
  std::uint32_t heard = 0;
  while (const auto place = wait(1)) {
    EXPECT_EQ(*place, heard % kOutgoingCount);
    calling::stay(call_, 1);
    answered = ++heard;
    answered.notify_one();
  }
  handler.join();
  EXPECT_EQ(heard, kCalls);
}

/// A request is inside a worker that does as the test likes, and may call one plugin.
class HandlersCallsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto bindings = std::make_shared<runtime::BindingTable>(1);
    bindings->bind(0, &provider_.channel());
    const runtime::ConePtr cone = std::make_shared<const runtime::Cone>(
        runtime::Cone{.entry = generation_, .bindings = bindings, .arena_max_bytes = 1 << 20});
    const runtime::Scope scope(cone);
    ASSERT_EQ(calls_->submit(route_, exchange_.handle(), testing::make_request("GET")), MORTISE_OK);
  }
  /// All that stay leave, and the pool's threads with them.
  void TearDown() override { calls_->end(); }

  CallMemory& memory() { return area_->memory().calls[0]; }
  /// The handler calls, over the ring or to who stays, and waits for what comes of it.
  mortise_status call(std::uint32_t place, bool is_over_ring) {
    ask(place, is_over_ring);
    auto& there = area_->memory().outgoing[place];
    there.worker_sleeps = 1;
    while (there.is_there == 0) futex_wait(there.is_there, 0);
    return there.outcome.load().status;
  }
  void ask(std::uint32_t place, bool is_over_ring) {
    auto& there = area_->memory().outgoing[place];
    there.wanted.store({.request = {.offset = area_->offset_of(there.direct.data()), .size = 0}});
    there.is_there = 0;
    if (!is_over_ring) {
      EXPECT_TRUE(calling::hand_over(memory(), place));
      return;
    }
    EXPECT_FALSE(calling::hand_over(memory(), place));
    Completion completion;
    completion.kind = Completion::Kind::call;
    completion.argument = place;
    say(completion);
  }
  void say(const Completion& completion) {
    worker_.push(completion);
    calls_->take_some();
  }
  /// What the host says of the worker when it has noticed.
  std::string wait_for_breach() {
    while (!end_.breach->is_noted()) std::this_thread::yield();
    return end_.breach->what();
  }

  std::vector<std::thread::id> callers_;  // of the provider, one after the other
  testing::AnswerChannel provider_{[this](std::uint32_t, mortise_bytes, mortise_bytes* reply) {
    callers_.push_back(std::this_thread::get_id());
    *reply = {nullptr, 0};
    return MORTISE_OK;
  }};
  std::shared_ptr<Area> area_ = *Area::make();
  HostEnd end_ = HostEnd::make(area_, [] {});
  std::vector<ForwardedSlot> slots_{{.slot = 0, .is_list = false}};
  GrowingPool pool_{4};
  runtime::GenerationPtr generation_ = http::testing::make_generation("mirror");
  std::shared_ptr<Calls> calls_ = std::make_shared<Calls>(
      end_, std::make_shared<OutgoingCalls>(end_, slots_), *generation_, testing::FakeExchange::table(),
      Means{pool_, pool_, [](mortise_http_exchange*) {}, testing::FakeSocket::edge()});
  RingWriter<Completion> worker_{area_->memory().completions};
  ForwardedRoute route_{.text = "GET /"};
  testing::FakeExchange exchange_;
};

TEST_F(HandlersCallsTest, AreMadeByOneThread) {
  EXPECT_EQ(call(0, true), MORTISE_OK);
  EXPECT_EQ(call(1, false), MORTISE_OK);
  EXPECT_EQ(call(0, false), MORTISE_OK);
  ASSERT_EQ(callers_.size(), 3U);
  EXPECT_EQ(callers_[1], callers_[0]);
  EXPECT_EQ(callers_[2], callers_[0]);
  EXPECT_EQ(end_.breach->what(), "");
}

TEST_F(HandlersCallsTest, AfterItsReturnAreABreach) {
  EXPECT_EQ(call(0, true), MORTISE_OK);
  Completion returned;
  returned.kind = Completion::Kind::returned;
  say(returned);
  ask(1, false);
  EXPECT_THAT(wait_for_breach(), HasSubstr("for a handler that cannot"));
  EXPECT_EQ(callers_.size(), 1U);
}

TEST_F(HandlersCallsTest, OfWhichThereIsNoPlaceAreABreach) {
  EXPECT_EQ(call(0, true), MORTISE_OK);
  EXPECT_TRUE(calling::hand_over(memory(), kOutgoingCount));
  EXPECT_THAT(wait_for_breach(), HasSubstr("in a place that there is none of"));
}

TEST_F(HandlersCallsTest, WaitForNobodyWhoseWorkerIsGone) {
  EXPECT_EQ(call(0, true), MORTISE_OK);
  calls_->end();
  EXPECT_FALSE(calling::hand_over(memory(), 1));
  EXPECT_EQ(exchange_.status(), 503U);
}

}  // namespace
}  // namespace mortise::isolation
