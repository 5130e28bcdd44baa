#include "release/runner.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <utility>

#include "base/temporary_directory.hpp"
#include "recording_service.hpp"

namespace mortise::release {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using testing::RecordingService;

constexpr std::chrono::seconds kLong{45};

/// A runner over real directories and real zoo plugins; the probe passes everything.
class RunnerTest : public ::testing::Test {
 protected:
  RunnerTest() {
    std::filesystem::create_directory(root_ / "drop");
    std::filesystem::create_directory(root_ / "plugins.d");
  }

  void drop(const std::string& zoo_name, const std::string& as) {
    const auto file = root_ / "drop" / (as + ".so");
    // Renamed into place, and old: complete at first sight.
    std::filesystem::copy_file(std::filesystem::path(MORTISE_ZOO) / (zoo_name + ".so"), root_ / "copying");
    ::chmod((root_ / "copying").c_str(), 0755);
    std::filesystem::last_write_time(root_ / "copying", std::filesystem::file_time_type::clock::now() - 1min);
    std::filesystem::rename(root_ / "copying", file);
  }

  void configure(const std::string& name, const std::string& json) {
    mortise::testing::write_file(root_ / "writing", json);
    std::filesystem::rename(root_ / "writing", root_ / "plugins.d" / (name + ".json"));
  }

  void launch(std::chrono::milliseconds init_timeout, std::chrono::milliseconds stop_timeout) {
    auto catalog = catalog::Catalog::open(
        {.drop_directory = root_ / "drop",
         .state_directory = root_ / "state",
         .settle = 1ms,
         .interfaces = {"mortise.config/1", "mortise.contracts/1", "mortise.http/1", "mortise.log/1"}},
        files_, [](const std::filesystem::path&) -> base::Result<void> { return {}; });
    ASSERT_TRUE(catalog) << catalog.error().message;
    runner_ = std::make_unique<Runner>(RunnerSettings{.drop_directory = root_ / "drop",
                                                      .plugins_directory = root_ / "plugins.d",
                                                      .state_directory = root_ / "state",
                                                      .starts_paused = starts_paused_,
                                                      .init_timeout = init_timeout,
                                                      .stop_timeout = stop_timeout},
                                       std::move(*catalog), contracts_, std::vector<runtime::Service*>{&service_},
                                       files_, [this](const Status& status) {
                                         const std::lock_guard lock(mutex_);
                                         status_ = status;
                                         changed_.notify_all();
                                       });
    auto begun = std::make_shared<std::promise<void>>();
    begun_ = begun->get_future();
    runner_->start([begun] { begun->set_value(); });
  }
  /// Likewise, and returns once the first pass is done.
  void start(std::chrono::milliseconds init_timeout = kLong, std::chrono::milliseconds stop_timeout = kLong) {
    launch(init_timeout, stop_timeout);
    if (begun_.valid()) begun_.wait();
  }

  bool wait_for_published(const std::string& text) {
    return service_.wait_until([&] { return service_.published() == text; });
  }

  /// The status of a plugin once it has that state, and its reason that text.
  PluginStatus wait_for(const std::string& name, const std::string& state, const std::string& reason = "") {
    std::unique_lock lock(mutex_);
    PluginStatus found;
    const bool is_there = changed_.wait_for(lock, kLong, [&] {
      for (const auto& plugin : status_.plugins) {
        const bool is_it = plugin.name == name && plugin.state == state;
        if (is_it && plugin.reason.find(reason) != std::string::npos) found = plugin;
      }
      return found.name == name;
    });
    EXPECT_TRUE(is_there) << name << " never was " << state;
    return found;
  }

  bool starts_paused_ = false;
  mortise::testing::TemporaryDirectory root_;
  base::RealFiles files_;
  runtime::Contracts contracts_{std::uint64_t{1} << 20};
  RecordingService service_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Status status_;  // guarded by mutex_
  std::unique_ptr<Runner> runner_;
  std::future<void> begun_;
};

TEST_F(RunnerTest, RunsWhatIsEnabledOnceItHasBegun) {
  drop("good-1.0", "good");
  drop("counter", "counter");
  configure("good", "{}");
  start();
  EXPECT_TRUE(wait_for_published("good 1.0.0"));
  EXPECT_EQ(wait_for("good", "active").version, "1.0.0");
}

TEST_F(RunnerTest, StartsAPluginThatIsDroppedAndEnabledLater) {
  start();
  drop("good-1.0", "good");
  configure("good", "{}");
  EXPECT_TRUE(wait_for_published("good 1.0.0"));
}

TEST_F(RunnerTest, ReplacesAGenerationByAHigherVersionAndRetiresTheFormer) {
  drop("good-1.0", "good");
  configure("good", "{}");
  start();
  drop("good-1.1", "good-new");
  EXPECT_TRUE(wait_for_published("good 1.1.0"));
  EXPECT_TRUE(service_.wait_until([&] { return service_.forgotten_ == std::vector<std::uint64_t>{1}; }));
}

TEST_F(RunnerTest, StaysWithinTheVersionRange) {
  drop("good-1.0", "good");
  drop("good-1.1", "good-new");
  configure("good", R"({"version": "~1.0.0"})");
  start();
  EXPECT_TRUE(wait_for_published("good 1.0.0"));
}

TEST_F(RunnerTest, StopsAPluginThatIsDisabled) {
  drop("good-1.0", "good");
  configure("good", "{}");
  start();
  configure("good", R"({"enabled": false})");
  EXPECT_TRUE(wait_for_published(""));
}

TEST_F(RunnerTest, KeepsAPluginRunningWhoseConfigTurnsFaulty) {
  drop("good-1.0", "good");
  configure("good", "{}");
  start();
  configure("good", R"({"enabled": )");
  drop("counter", "counter");
  configure("counter", "{}");
  EXPECT_TRUE(wait_for_published("good 1.0.0 counter 1.0.0"));
  EXPECT_THAT(wait_for("good", "active", "good.json").reason, HasSubstr("runs on as it was"));
}

TEST_F(RunnerTest, KeepsAPluginRunningWhoseFileIsGone) {
  drop("good-1.0", "good");
  drop("counter", "counter");
  configure("good", "{}");
  start();
  std::filesystem::remove(root_ / "drop" / "good.so");
  configure("counter", "{}");
  EXPECT_TRUE(wait_for_published("good 1.0.0 counter 1.0.0"));
}

TEST_F(RunnerTest, LetsTheOthersRunWhenOneFailsToStart) {
  for (const auto* name : {"init-fails", "init-throws", "counter"}) {
    drop(name, name);
    configure(name, "{}");
  }
  start();
  EXPECT_TRUE(wait_for_published("counter 1.0.0"));
  EXPECT_THAT(wait_for("init-fails", "failed").reason, HasSubstr("init failed"));
  EXPECT_THAT(wait_for("init-throws", "failed").reason, HasSubstr("exception"));
}

TEST_F(RunnerTest, GivesUpAnInitThatHangs) {
  drop("init-hangs", "init-hangs");
  drop("counter", "counter");
  configure("init-hangs", "{}");
  configure("counter", "{}");
  start(3s);  // time enough for the other
  EXPECT_TRUE(wait_for_published("counter 1.0.0"));
  EXPECT_THAT(wait_for("init-hangs", "failed").reason, HasSubstr("did not return within 3000 ms"));
}

TEST_F(RunnerTest, DoesNotWaitForAnInitThatHangsWhenItIsToStop) {
  drop("init-hangs", "init-hangs");
  configure("init-hangs", "{}");
  const auto started = std::chrono::steady_clock::now();
  launch(kLong, kLong);
  runner_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - started, kLong);
  EXPECT_THAT(status_.plugins, ::testing::IsEmpty()) << "it is not the plugin that has failed";
}

TEST_F(RunnerTest, RefusesTheYoungerOfTwoThatClaimTheSamePath) {
  drop("same-route-a", "same-route-a");
  configure("same-route-a", "{}");
  start();
  drop("same-route-b", "same-route-b");
  configure("same-route-b", "{}");
  EXPECT_THAT(wait_for("same-route-b", "failed").reason, HasSubstr("belongs to 'same-route-a'"));
  EXPECT_EQ(wait_for("same-route-a", "active").reason, "");

  configure("same-route-a", R"({"enabled": false})");
  EXPECT_TRUE(wait_for_published("same-route-b 1.0.0")) << "the path is free, and nobody had to ask";
}

TEST_F(RunnerTest, RetiresAGenerationOnlyWhenNobodyHoldsIt) {
  drop("good-1.0", "good");
  configure("good", "{}");
  start(kLong, 1s);
  auto held = service_.hold_first();
  ASSERT_NE(held, nullptr);
  configure("good", R"({"enabled": false})");
  ASSERT_TRUE(wait_for_published(""));
  EXPECT_TRUE(service_.wait_until([&] { return !service_.cut_.empty(); })) << "it overstayed its time to drain";
  EXPECT_EQ(held->state(), runtime::GenerationState::stopping);
  EXPECT_TRUE(service_.wait_until([&] { return service_.forgotten_.empty(); }));
  held.reset();
  EXPECT_TRUE(service_.wait_until([&] { return !service_.forgotten_.empty(); }));
}

TEST_F(RunnerTest, StopsEverythingAndSaysWhatIsLeftBehind) {
  drop("good-1.0", "good");
  drop("counter", "counter");
  configure("good", "{}");
  configure("counter", "{}");
  start(kLong, 1s);
  ASSERT_TRUE(wait_for_published("counter 1.0.0 good 1.0.0"));
  const auto held = service_.hold_first();
  EXPECT_EQ(runner_->stop(), 1U);
  EXPECT_THAT(service_.forgotten_, Contains(2U));
  EXPECT_EQ(held->state(), runtime::GenerationState::stopping) << "whoever holds it may still call it";
}

TEST_F(RunnerTest, PausedItChangesNothingAndResumedItCatchesUp) {
  drop("good-1.0", "good");
  configure("good", "{}");
  start();
  ASSERT_TRUE(runner_->pause());
  drop("good-1.1", "good-1.1");
  EXPECT_THAT(runner_->apply("ada").error().message, HasSubstr("being replaced by another one"));
  EXPECT_EQ(runner_->plan().error().code, base::ErrorCode::unavailable);
  EXPECT_EQ(runner_->status()->plugins.at(0).version, "1.0.0");
  EXPECT_EQ(runner_->history(10)->size(), 1U);
  EXPECT_EQ(service_.published(), "good 1.0.0");
  ASSERT_TRUE(runner_->resume());
  EXPECT_TRUE(wait_for_published("good 1.1.0"));
}

const auto kWanted = [] { return true; };

TEST_F(RunnerTest, ObservesAsLongAsItIsAskedToAndServesOthersMeanwhile) {
  drop("currency-1.0", "currency");
  drop("shop", "shop");
  configure("currency", "{}");
  configure("shop", "{}");
  start();
  const auto history = runner_->history(10)->size();
  std::promise<void> asked;
  auto observing = std::async(std::launch::async, [&, is_asked = false]() mutable {
    return runner_->observe(300ms, "ada", [&] {
      if (!std::exchange(is_asked, true)) asked.set_value();
      return true;
    });
  });
  asked.get_future().wait();
  EXPECT_EQ(runner_->status()->plugins.size(), 2U);
  const auto seen = observing.get();
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_GE(seen->window, 300ms);
  EXPECT_EQ(seen->ended_early, "");
  ASSERT_EQ(seen->plugins.size(), 2U);
  EXPECT_EQ(runner_->history(10)->size(), history);
}

TEST_F(RunnerTest, AnObservationMustBeNeitherTooShortNorTooLong) {
  start();
  for (const auto duration : {99ms, std::chrono::milliseconds(10min) + 1ms}) {
    const auto refused = runner_->observe(duration, "ada", kWanted);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::ErrorCode::invalid_argument);
    EXPECT_THAT(refused.error().message, HasSubstr("for 100ms to 10m"));
  }
}

TEST_F(RunnerTest, AnObservationEndsWhenNobodyWaitsForItAnyMore) {
  start();
  const auto seen = runner_->observe(10min, "ada", [] { return false; });
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen->ended_early, "nobody waits for it any more");
}

TEST_F(RunnerTest, AnObservationEndsWithTheHost) {
  start();
  std::promise<void> asked;
  auto observing = std::async(std::launch::async, [&, is_asked = false]() mutable {
    return runner_->observe(10min, "ada", [&] {
      if (!std::exchange(is_asked, true)) asked.set_value();
      return true;
    });
  });
  asked.get_future().wait();
  runner_->begin_stop();
  EXPECT_EQ(observing.get().error().code, base::ErrorCode::unavailable);
  EXPECT_EQ(runner_->observe(100ms, "ada", kWanted).error().code, base::ErrorCode::unavailable);
}

TEST_F(RunnerTest, AnObservationMakesWayForAnotherHost) {
  start();
  std::promise<void> asked;
  auto observing = std::async(std::launch::async, [&, is_asked = false]() mutable {
    return runner_->observe(10min, "ada", [&] {
      if (!std::exchange(is_asked, true)) asked.set_value();
      return true;
    });
  });
  asked.get_future().wait();
  ASSERT_TRUE(runner_->pause());
  const auto seen = observing.get();
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen->ended_early, "the host is being replaced");
  EXPECT_THAT(runner_->observe(100ms, "ada", kWanted).error().message, HasSubstr("being replaced by another one"));
}

TEST_F(RunnerTest, APauseThatIsGivenUpOrComesTooLateNeverBegins) {
  const auto data = root_ / "state" / "data" / "init-waits";
  std::filesystem::create_directories(data);
  ASSERT_EQ(::mkfifo((data / "gate").c_str(), 0600), 0);
  drop("init-waits", "init-waits");
  drop("good-1.0", "good");
  configure("init-waits", "{}");
  launch(kLong, kLong);
  base::Descriptor gate(::open((data / "gate").c_str(), O_WRONLY | O_CLOEXEC));  // once the plugin is there

  const auto late = runner_->pause(std::chrono::steady_clock::now() + 20ms);
  EXPECT_EQ(late.error().code, base::ErrorCode::deadline_exceeded);
  std::stop_source giving_up;
  auto pause = std::async(std::launch::async, [&] {
    return runner_->pause(std::chrono::steady_clock::time_point::max(), giving_up.get_token());
  });
  giving_up.request_stop();
  EXPECT_EQ(pause.get().error().code, base::ErrorCode::cancelled);

  gate = base::Descriptor();
  configure("good", "{}");
  EXPECT_TRUE(wait_for_published("init-waits 1.0.0 good 1.0.0"));
}

TEST_F(RunnerTest, StartedPausedItRunsWhatIsEnabledAndWritesNoReleaseDown) {
  drop("good-1.0", "good");
  configure("good", "{}");
  starts_paused_ = true;
  start();
  EXPECT_TRUE(wait_for_published("good 1.0.0"));
  EXPECT_THAT(*runner_->history(10), ::testing::IsEmpty());
  ASSERT_TRUE(runner_->resume());
  EXPECT_EQ(runner_->history(10)->at(0).what, "start");
  EXPECT_EQ(wait_for("good", "active").version, "1.0.0");
}

}  // namespace
}  // namespace mortise::release
