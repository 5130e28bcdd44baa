#include "runtime/control_thread.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

namespace mortise::runtime {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr std::chrono::seconds kLong{45};

TEST(ControlThread, RunsEveryHookOnOneThreadThatIsNotTheCallers) {
  ControlThread control;
  std::thread::id first;
  std::thread::id second;
  EXPECT_TRUE(control.run([&] { first = std::this_thread::get_id(); }, kLong));
  EXPECT_TRUE(control.run([&] { second = std::this_thread::get_id(); }, kLong));
  EXPECT_EQ(first, second);
  EXPECT_NE(first, std::this_thread::get_id());
}

TEST(ControlThread, GivesUpAHookThatOverstaysAndRunsTheNextOne) {
  ControlThread control;
  auto release = std::make_shared<std::promise<void>>();
  auto released = std::make_shared<std::shared_future<void>>(release->get_future().share());
  EXPECT_FALSE(control.run([released] { released->wait(); }, 1ms));
  EXPECT_EQ(control.stuck(), 1U);

  bool ran = false;
  EXPECT_TRUE(control.run([&] { ran = true; }, kLong));
  EXPECT_TRUE(ran);
  release->set_value();
}

TEST(ControlThread, RunsSeveralHooksInTheirOrder) {
  ControlThread control;
  std::string ran;
  EXPECT_THAT(control.run_each({[&] { ran += 'a'; }, [&] { ran += 'b'; }, [&] { ran += 'c'; }}, kLong),
              ElementsAre(true, true, true));
  EXPECT_EQ(ran, "abc");
  EXPECT_THAT(control.run_each({}, kLong), ElementsAre());
}

TEST(ControlThread, RunsTheHooksBehindOneThatOverstaysOnce) {
  ControlThread control;
  auto ran = std::make_shared<std::atomic<int>>(0);
  auto release = std::make_shared<std::promise<void>>();
  auto released = std::make_shared<std::shared_future<void>>(release->get_future().share());
  // Time enough for the first.
  EXPECT_THAT(control.run_each({[ran] { *ran += 1; }, [released] { released->wait(); }, [ran] { *ran += 10; }}, 2s),
              ElementsAre(true, false, true));
  release->set_value();
  while (control.stuck() != 0) std::this_thread::yield();
  EXPECT_EQ(*ran, 11);
}

TEST(ControlThread, GivesTheHookThatRunsLittleTimeWhenItIsToHurryAndBeginsNoOther) {
  ControlThread control;
  std::stop_source hurry;
  auto ran = std::make_shared<std::atomic<int>>(0);
  auto release = std::make_shared<std::promise<void>>();
  auto released = std::make_shared<std::shared_future<void>>(release->get_future().share());
  const auto started = std::chrono::steady_clock::now();
  const auto ended = control.run_each({[ran] { ++*ran; },
                                       [released, hurry]() mutable {
                                         hurry.request_stop();
                                         released->wait();
                                       },
                                       [ran] { ++*ran; }},
                                      kLong, hurry.get_token());
  EXPECT_THAT(ended, ElementsAre(true, false, false));
  EXPECT_LT(std::chrono::steady_clock::now() - started, kLong);
  EXPECT_EQ(control.stuck(), 1U);
  release->set_value();
  while (control.stuck() != 0) std::this_thread::yield();
  EXPECT_EQ(*ran, 1);
}

TEST(ControlThread, LetsTheHookThatRunsEndWhenItIsToHurry) {
  ControlThread control;
  std::stop_source hurry;
  int ran = 0;
  const auto ended = control.run_each({[&] {
                                         hurry.request_stop();
                                         ++ran;
                                       },
                                       [&] { ++ran; }},
                                      kLong, hurry.get_token());
  EXPECT_THAT(ended, ElementsAre(true, false));
  EXPECT_EQ(control.stuck(), 0U);
  EXPECT_EQ(ran, 1);
}

TEST(ControlThread, TakesALateHookOffTheCountWhenItComesBack) {
  ControlThread control;
  auto release = std::make_shared<std::promise<void>>();
  auto released = std::make_shared<std::shared_future<void>>(release->get_future().share());
  ASSERT_FALSE(control.run([released] { released->wait(); }, 1ms));
  release->set_value();
  while (control.stuck() != 0) std::this_thread::yield();
  EXPECT_TRUE(control.run([] {}, kLong));
}

}  // namespace
}  // namespace mortise::runtime
