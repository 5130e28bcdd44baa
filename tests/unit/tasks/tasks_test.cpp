#include "tasks/tasks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/temporary_directory.hpp"
#include "no_new_threads.hpp"
#include "runtime/contract_fixture.hpp"
#include "runtime/scope.hpp"
#include "telemetry/log.hpp"

namespace mortise::tasks {
namespace {

using namespace std::chrono_literals;
using runtime::testing::ContractTest;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr std::chrono::seconds kLong{45};

class TasksTest : public ContractTest {
 protected:
  TasksTest() { tasks_.start(); }
  ~TasksTest() override {
    EXPECT_EQ(tasks_.stop(kLong), 0U);
    for (const auto& generation : made_) tasks_.forget(*generation);
  }

  runtime::GenerationPtr instance(const std::string& name = "worker",
                                  std::vector<std::string> interfaces = {MORTISE_TASKS_V1}) {
    manifest::Manifest manifest;
    manifest.name = name;
    manifest.version = manifest::Version::parse("1.0.0").value();
    manifest.interfaces = std::move(interfaces);
    runtime::GenerationSpec spec;
    spec.manifest = std::make_shared<const manifest::Manifest>(std::move(manifest));
    made_.push_back(
        std::make_shared<runtime::Generation>(made_.size() + 1, std::move(spec), std::span<runtime::Service* const>()));
    return made_.back();
  }
  void publish(const std::vector<runtime::GenerationPtr>& generations) { tasks_.publish(release(generations)); }

  struct Wish {
    std::uint64_t tag = 1;
    std::string name{};
    std::uint64_t delay_ms = 0;
    std::uint64_t every_ms = 0;
    std::string cron{};
  };
  base::Result<void> add(const runtime::GenerationPtr& generation, const Wish& wish) {
    using runtime::testing::str;
    const mortise_task_v1 task{.struct_size = sizeof task,
                               .reserved = 0,
                               .tag = wish.tag,
                               .name = str(wish.name),
                               .delay_ms = wish.delay_ms,
                               .every_ms = wish.every_ms,
                               .cron = str(wish.cron),
                               .time_zone = {},
                               .self = this,
                               .run = &run};
    return tasks_.add(*generation, task);
  }
  std::vector<std::uint64_t> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kLong, [&] { return ran_.size() >= count; }));
    return ran_;
  }

  std::function<void(std::uint64_t tag)> body_ = [](std::uint64_t) {};
  mortise_status status_ = MORTISE_OK;
  const testing::TemporaryDirectory directory_;
  base::RealFiles files_;
  sql::Sql databases_{directory_.path(), files_, kLong};
  std::atomic<std::int64_t> wall_s_{0};  // what the clock on the wall shows, in seconds of 1970; 0: what it does
  Tasks tasks_{databases_, 4, {}, [this] {
                 auto now = Moment::now();
                 const auto wall = wall_s_.load();
                 if (wall != 0) now.wall = std::chrono::system_clock::time_point(std::chrono::seconds(wall));
                 return now;
               }};

 private:
  static mortise_status run(void* self, std::uint64_t tag, mortise_error*) {
    auto& test = *static_cast<TasksTest*>(self);
    EXPECT_NE(runtime::Scope::current(), nullptr);
    test.body_(tag);
    const std::lock_guard lock(test.mutex_);
    test.ran_.push_back(tag);
    test.changed_.notify_all();
    return test.status_;
  }

  std::vector<runtime::GenerationPtr> made_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::uint64_t> ran_;  // guarded by mutex_
};

TEST_F(TasksTest, RunWhenTheirInstanceIsPartOfTheRelease) {
  const auto worker = instance();
  ASSERT_TRUE(add(worker, {.tag = 7}));
  publish({instance("other")});
  publish({worker});
  EXPECT_EQ(wait_for(1), (std::vector<std::uint64_t>{7}));
  ASSERT_TRUE(add(worker, {.tag = 8}));
  EXPECT_EQ(wait_for(2), (std::vector<std::uint64_t>{7, 8}));
}

TEST_F(TasksTest, ComeAgainUntilTheyAreCancelled) {
  const auto worker = instance();
  publish({worker});
  ASSERT_TRUE(add(worker, {.tag = 1, .name = "often", .delay_ms = 1, .every_ms = 1}));
  EXPECT_GE(wait_for(5).size(), 5U);
  EXPECT_TRUE(tasks_.cancel(*worker, 1));
  EXPECT_FALSE(tasks_.cancel(*worker, 1));
  EXPECT_TRUE(add(worker, {.tag = 1, .name = "often", .delay_ms = 1, .every_ms = 1})) << "its name is free again";
}

TEST_F(TasksTest, ComeAgainWhateverTheyReturn) {
  status_ = MORTISE_INTERNAL;
  const auto worker = instance();
  publish({worker});
  ASSERT_TRUE(add(worker, {.tag = 1, .name = "fails", .delay_ms = 1, .every_ms = 1}));
  EXPECT_GE(wait_for(3).size(), 3U);
}

TEST_F(TasksTest, DoNotRunWhatWasCancelledBefore) {
  const auto worker = instance();
  ASSERT_TRUE(add(worker, {.tag = 1}));
  ASSERT_TRUE(add(worker, {.tag = 2}));
  EXPECT_TRUE(tasks_.cancel(*worker, 1));
  publish({worker});
  EXPECT_EQ(wait_for(1), (std::vector<std::uint64_t>{2}));
}

TEST_F(TasksTest, WhatIsDueRunsWhenItsInstanceGoesAndAllElseEnds) {
  const auto former = instance();
  std::counting_semaphore<> gate(0);
  std::counting_semaphore<> entered(0);
  body_ = [&](std::uint64_t tag) {
    if (tag != 1) return;
    entered.release();
    gate.acquire();
  };
  publish({former});
  ASSERT_TRUE(add(former, {.tag = 1}));
  entered.acquire();
  ASSERT_TRUE(add(former, {.tag = 2, .name = "", .delay_ms = 3'600'000}));
  const auto next = instance();
  publish({next});
  const auto late = add(former, {.tag = 3});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, base::ErrorCode::cancelled);
  gate.release();
  EXPECT_EQ(wait_for(1), (std::vector<std::uint64_t>{1}));
}

TEST_F(TasksTest, ANewInstanceGoesOnInTheRhythmOfTheFormerOne) {
  const auto former = instance();
  publish({former});
  ASSERT_TRUE(add(former, {.tag = 1, .name = "soon", .delay_ms = 200, .every_ms = 3'600'000}));
  const auto next = instance();
  ASSERT_TRUE(add(next, {.tag = 2, .name = "soon", .delay_ms = 3'600'000, .every_ms = 3'600'000}));
  publish({next});
  EXPECT_EQ(wait_for(1), (std::vector<std::uint64_t>{2}));
}

/// Holds runs of whichever tag is below ten until the test lets them go.
class HeldTasksTest : public TasksTest {
 protected:
  static constexpr std::uint64_t kOther = 100;  // comes again all the while, and is never held

  HeldTasksTest() {
    body_ = [this](std::uint64_t tag) {
      if (tag == kOther) return;
      EXPECT_EQ(++inside_, is_cut_ ? 2 : 1);
      entered_.release();
      gate_.acquire();
      --inside_;
    };
  }
  ~HeldTasksTest() override { EXPECT_EQ(tasks_.stop(kLong), 0U); }  // before what its runs use goes
  /// So often that one who might begin has.
  void wait_for_others() {
    const auto before = wait_for(0).size();
    wait_for(before + 20);
  }
  std::atomic<int> inside_{0};
  std::atomic<bool> is_cut_{false};
  std::counting_semaphore<> entered_{0};
  std::counting_semaphore<> gate_{0};
};

TEST_F(HeldTasksTest, OneThatComesAgainIsNeverThereTwiceOverAnUpgrade) {
  const auto former = instance();
  publish({former});
  ASSERT_TRUE(add(former, {.tag = 1, .name = "sync", .delay_ms = 1, .every_ms = 1}));
  entered_.acquire();
  const auto next = instance();
  ASSERT_TRUE(add(next, {.tag = 2, .name = "sync", .delay_ms = 1, .every_ms = 1}));
  ASSERT_TRUE(add(next, {.tag = kOther, .name = "other", .delay_ms = 1, .every_ms = 1}));
  publish({next});
  wait_for_others();
  EXPECT_EQ(inside_, 1);
  gate_.release();
  entered_.acquire();  // the next version's
  EXPECT_TRUE(tasks_.cancel(*next, 2));
  gate_.release();
}

TEST_F(HeldTasksTest, NorWhenItIsCancelledAndAddedAnew) {
  const auto worker = instance();
  publish({worker});
  ASSERT_TRUE(add(worker, {.tag = 1, .name = "sync", .delay_ms = 1, .every_ms = 1}));
  entered_.acquire();
  EXPECT_TRUE(tasks_.cancel(*worker, 1));
  ASSERT_TRUE(add(worker, {.tag = 2, .name = "sync", .delay_ms = 1, .every_ms = 1}));
  ASSERT_TRUE(add(worker, {.tag = kOther, .name = "other", .delay_ms = 1, .every_ms = 1}));
  wait_for_others();
  EXPECT_EQ(inside_, 1);
  gate_.release();
  entered_.acquire();
  EXPECT_TRUE(tasks_.cancel(*worker, 2));
  gate_.release();
}

TEST_F(HeldTasksTest, AVersionThatHangsIsNotWaitedForOnceItIsCut) {
  const auto former = instance();
  publish({former});
  ASSERT_TRUE(add(former, {.tag = 1, .name = "sync", .delay_ms = 1, .every_ms = 1}));
  entered_.acquire();
  const auto next = instance();
  ASSERT_TRUE(add(next, {.tag = 2, .name = "sync", .delay_ms = 1, .every_ms = 1}));
  publish({next});
  is_cut_ = true;
  tasks_.cut(*former);
  entered_.acquire();
  EXPECT_TRUE(tasks_.cancel(*next, 2));
  gate_.release(2);
}

TEST_F(HeldTasksTest, APauseWaitsForThoseThatComeAgainAndNotForEver) {
  const auto worker = instance();
  publish({worker});
  ASSERT_TRUE(add(worker, {.tag = 1, .name = "sync", .delay_ms = 1, .every_ms = 1}));
  entered_.acquire();
  EXPECT_TRUE(tasks_.pause(std::chrono::steady_clock::now(), {}));
  EXPECT_EQ(inside_, 1) << "its time was over";
  int left_inside = -1;
  std::thread pausing([&] {
    EXPECT_TRUE(tasks_.pause(std::chrono::steady_clock::now() + 2 * kLong, {}));
    left_inside = inside_;
  });
  gate_.release();
  pausing.join();
  EXPECT_EQ(left_inside, 0);
  EXPECT_TRUE(tasks_.cancel(*worker, 1));
}

TEST_F(TasksTest, NoneBeginsWhileThePlaceIsAnothers) {
  ASSERT_TRUE(tasks_.pause(std::chrono::steady_clock::now() + kLong, {}));
  const auto worker = instance();
  publish({worker});
  ASSERT_TRUE(add(worker, {.tag = 1}));
  ASSERT_TRUE(add(worker, {.tag = 2}));
  EXPECT_TRUE(wait_for(0).empty());
  tasks_.start();
  EXPECT_EQ(wait_for(2).size(), 2U);
}

TEST_F(TasksTest, ACalendarIsAskedAnewWhenTheClockWasWrong) {
  constexpr std::int64_t kFull = 1'764'000'000;  // 16:00:00
  constexpr std::int64_t kYear = 365 * 24 * 3600;
  const auto worker = instance();
  publish({worker});
  wall_s_ = kFull + kYear;
  ASSERT_TRUE(add(worker, {.tag = 1, .name = "each minute", .cron = "* * * * *"}));
  wall_s_ = kFull - 1;
  ASSERT_TRUE(add(worker, {.tag = 2}));  // with it the clocks are looked at
  EXPECT_EQ(wait_for(1), (std::vector<std::uint64_t>{2}));
  wall_s_ = kFull;
  ASSERT_TRUE(add(worker, {.tag = 3}));
  EXPECT_THAT(wait_for(3), UnorderedElementsAre(2, 3, 1));
}

/// Written to instead of standard error, from before there are threads.
struct LogFile {
  LogFile() {
    if (!telemetry::configure({.file = file_})) throw std::runtime_error("no log");
  }
  void wait_for(const std::string& message) const {
    const auto limit = std::chrono::steady_clock::now() + kLong;
    while (testing::read_file(file_).find(message) == std::string::npos) {
      ASSERT_LT(std::chrono::steady_clock::now(), limit);
      std::this_thread::yield();
    }
  }

 private:
  const testing::TemporaryDirectory folder_;
  const std::string file_ = folder_.path() / "log";
};

class ThreadlessTasksTest : public LogFile, public TasksTest {};

TEST_F(ThreadlessTasksTest, AreTriedAgain) {
  const auto worker = instance();
  publish({worker});
  {
    const NoNewThreads none;
    ASSERT_TRUE(add(worker, {.tag = 1, .name = "often", .delay_ms = 1, .every_ms = 1}));
    LogFile::wait_for("tasks wait: the system has no thread for them");
  }
  EXPECT_GE(TasksTest::wait_for(2).size(), 2U);
}

TEST_F(ThreadlessTasksTest, AndRunAlsoWhereTheirInstanceHasGoneMeanwhile) {
  const auto worker = instance();
  publish({worker});
  {
    const NoNewThreads none;
    ASSERT_TRUE(add(worker, {.tag = 1}));
    LogFile::wait_for("tasks wait: the system has no thread for them");
    publish({instance("other")});
  }
  EXPECT_EQ(TasksTest::wait_for(1), (std::vector<std::uint64_t>{1}));
}

TEST_F(TasksTest, OneThatIsStuckHoldsNobodyElse) {
  const auto stuck = instance("stuck");
  const auto worker = instance();
  std::counting_semaphore<> gate(0);
  body_ = [&](std::uint64_t tag) {
    if (tag >= 100) gate.acquire();
  };
  publish({stuck, worker});
  for (std::uint64_t tag = 100; tag < 110; ++tag) ASSERT_TRUE(add(stuck, {.tag = tag}));
  ASSERT_TRUE(add(worker, {.tag = 1}));
  EXPECT_EQ(wait_for(1), (std::vector<std::uint64_t>{1}));
  gate.release(10);
  EXPECT_EQ(wait_for(11).size(), 11U);
}

TEST_F(TasksTest, AnInstanceThatHangsLeavesTheNextOneItsThreads) {
  const auto former = instance();
  std::counting_semaphore<> entered(0);
  std::counting_semaphore<> gate(0);
  body_ = [&](std::uint64_t tag) {
    if (tag < 100) return;
    entered.release();
    gate.acquire();
  };
  publish({former});
  for (std::uint64_t tag = 100; tag < 102; ++tag) ASSERT_TRUE(add(former, {.tag = tag}));  // its share
  for (int i = 0; i < 2; ++i) entered.acquire();
  const auto next = instance();
  ASSERT_TRUE(add(next, {.tag = 1}));
  publish({next});
  EXPECT_EQ(wait_for(1), (std::vector<std::uint64_t>{1}));
  gate.release(2);
  EXPECT_EQ(wait_for(3).size(), 3U);
}

TEST_F(TasksTest, AnInstanceWithoutAHandlerThatItsManifestNamesDoesNotStart) {
  EXPECT_TRUE(tasks_.initialised(*instance()));
  manifest::Manifest manifest;
  manifest.name = "worker";
  manifest.version = manifest::Version::parse("1.0.0").value();
  manifest.durable_tasks = {"work"};
  runtime::GenerationSpec spec;
  spec.manifest = std::make_shared<const manifest::Manifest>(std::move(manifest));
  const runtime::Generation generation(1, std::move(spec), {});
  const auto incomplete = tasks_.initialised(generation);
  ASSERT_FALSE(incomplete);
  EXPECT_THAT(incomplete.error().message, HasSubstr("'work'"));
}

TEST_F(TasksTest, AreCountedByTheirNames) {
  using ::testing::ElementsAre;
  using ::testing::FieldsAre;
  std::counting_semaphore inside{0};
  std::counting_semaphore go_on{0};
  body_ = [&](std::uint64_t tag) {
    if (tag != 2) return;
    inside.release();
    go_on.acquire();
  };
  EXPECT_TRUE(tasks_.report("worker").empty());
  const auto worker = instance();
  ASSERT_TRUE(add(worker, {.tag = 1, .name = "yearly", .cron = "0 0 1 JAN *"}));
  ASSERT_TRUE(add(worker, {.tag = 2}));
  ASSERT_TRUE(add(worker, {.tag = 3, .delay_ms = 3'600'000}));
  publish({worker});
  inside.acquire();
  EXPECT_THAT(tasks_.report("worker"), ElementsAre(FieldsAre("", 1, 1, 0, 0), FieldsAre("yearly", 1, 0, 0, 0)));
  go_on.release();
  wait_for(1);
  status_ = MORTISE_INTERNAL;
  ASSERT_TRUE(add(worker, {.tag = 4, .name = "once"}));
  wait_for(2);
  tasks_.publish(release({}));        // the rest ends with the instance
  EXPECT_EQ(tasks_.stop(kLong), 0U);  // what has run has been counted
  EXPECT_THAT(tasks_.report("worker"),
              ElementsAre(FieldsAre("", 0, 0, 1, 0), FieldsAre("once", 0, 0, 1, 1), FieldsAre("yearly", 0, 0, 0, 0)));
  EXPECT_TRUE(tasks_.report("other").empty());
}

TEST_F(TasksTest, NamesThatAreMadeUpForEachAreCountedTogether) {
  const auto worker = instance();
  for (std::uint64_t i = 0; i < 150; ++i) {
    ASSERT_TRUE(add(worker, {.tag = i, .name = "mail " + std::to_string(i), .delay_ms = 3'600'000}));
  }
  ASSERT_TRUE(add(worker, {.tag = 150, .name = "often", .every_ms = 3'600'000}));
  const auto all = tasks_.report("worker");
  EXPECT_EQ(all.size(), 102U);
  EXPECT_EQ(all.front().name, "");
  EXPECT_EQ(all.front().waiting, 50U);
  EXPECT_EQ(all.back().name, "often") << "one that comes again has its own";
}

TEST_F(TasksTest, NamesOfThoseThatComeAgainAreBoundedToo) {
  const auto worker = instance();
  for (std::uint64_t i = 0; i < 1100; ++i) {
    ASSERT_TRUE(add(worker, {.tag = i, .name = "name " + std::to_string(i), .every_ms = 3'600'000}));
  }
  const auto all = tasks_.report("worker");
  EXPECT_EQ(all.size(), 1001U);
  EXPECT_EQ(all.front().name, "");
  EXPECT_EQ(all.front().waiting, 100U);
}

TEST_F(TasksTest, RefuseWhatCannotBe) {
  const auto worker = instance();
  const auto why = [](const base::Result<void>& added) { return added ? std::string() : added.error().message; };
  EXPECT_THAT(why(add(instance("plain", {}), {})), HasSubstr("name \"mortise.tasks/1\""));
  EXPECT_THAT(why(add(worker, {.tag = 1, .name = "", .delay_ms = 1, .every_ms = 1})), HasSubstr("has a name"));
  EXPECT_THAT(why(add(worker, {.tag = 1, .name = std::string(65, 'x')})), HasSubstr("64 bytes"));
  EXPECT_THAT(
      why(add(worker, {.tag = 1, .name = "long", .delay_ms = 0, .every_ms = 0, .cron = std::string(1025, '1')})),
      HasSubstr("1024 bytes"));
  EXPECT_THAT(why(add(worker, {.tag = 1, .name = "bad", .delay_ms = 0, .every_ms = 0, .cron = "x"})),
              HasSubstr("task 'bad'"));
  EXPECT_TRUE(add(worker, {.tag = 1, .name = "a", .delay_ms = 1, .every_ms = 1000}));
  EXPECT_THAT(why(add(worker, {.tag = 1})), HasSubstr("is there already"));
  EXPECT_THAT(why(add(worker, {.tag = 2, .name = "a", .delay_ms = 1, .every_ms = 1000})),
              HasSubstr("is there already"));
  for (std::uint64_t tag = 2; tag <= kMostTasks; ++tag) ASSERT_TRUE(add(worker, {.tag = tag}));
  EXPECT_THAT(why(add(worker, {.tag = kMostTasks + 1})), HasSubstr("one too many"));
}

}  // namespace
}  // namespace mortise::tasks
