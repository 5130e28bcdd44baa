#include "release/reconciler.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/temporary_directory.hpp"
#include "recording_service.hpp"

namespace mortise::release {
namespace {

using ::testing::HasSubstr;
using testing::RecordingService;

constexpr std::chrono::seconds kLong{45};

/// A reconciler over real directories and real zoo plugins, driven pass by pass: what changes between two passes is
/// seen at one stroke.
class ReconcilerTest : public ::testing::Test {
 protected:
  ReconcilerTest() {
    std::filesystem::create_directory(root_ / "drop");
    std::filesystem::create_directory(root_ / "plugins.d");
    for (const auto* name : {"currency-1.0", "shop", "teller", "good-1.0"}) drop(name);
    restart();
  }
  ~ReconcilerTest() override { end(); }

  void drop(const std::string& name) {
    const auto file = root_ / "drop" / (name + ".so");
    std::filesystem::copy_file(std::filesystem::path(MORTISE_ZOO) / file.filename(), file);
    ::chmod(file.c_str(), 0755);
    // Old: complete at first sight.
    std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - std::chrono::minutes(1));
  }

  /// As if the host ended and began anew.
  void restart() {
    if (reconciler_) end();
    auto catalog = catalog::Catalog::open(
        {.drop_directory = root_ / "drop",
         .state_directory = root_ / "state",
         .settle = std::chrono::milliseconds(1),
         .interfaces = {"mortise.config/1", "mortise.contracts/1", "mortise.http/1", "mortise.log/1"}},
        files_, [](const std::filesystem::path&) -> base::Result<void> { return {}; });
    EXPECT_TRUE(catalog) << catalog.error().message;
    reconciler_ =
        std::make_unique<Reconciler>(RunnerSettings{.drop_directory = root_ / "drop",
                                                    .plugins_directory = root_ / "plugins.d",
                                                    .state_directory = root_ / "state",
                                                    .init_timeout = kLong,
                                                    .stop_timeout = kLong},
                                     std::move(*catalog), contracts_, std::vector<runtime::Service*>{&service_}, files_,
                                     [this](runtime::Generation* gone) { gone_.push_back(gone); });
    reconciler_->begin();
  }

  /// One pass with exactly these plugins enabled; what is published after it.
  std::string pass_with(const std::vector<std::string>& enabled) {
    enable(enabled);
    reconciler_->pass();
    retire();
    return service_.published();
  }
  void enable(const std::vector<std::string>& enabled) {
    for (const auto& file : std::filesystem::directory_iterator(root_ / "plugins.d")) {
      std::filesystem::remove(file.path());
    }
    for (const auto& name : enabled) mortise::testing::write_file(root_ / "plugins.d" / (name + ".json"), "{}");
  }
  std::string roll_back(std::optional<std::uint64_t> release = {}) {
    const auto outcome = reconciler_->rollback(release, "root (uid 0)");
    retire();
    if (!outcome) return outcome.error().message;
    return to_string(outcome->result) + std::string(": ") + service_.published();
  }

  std::string reason_of(const std::string& name) {
    for (const auto& plugin : reconciler_->status().plugins) {
      if (plugin.name == name) return std::string(plugin.state) + ": " + plugin.reason;
    }
    return {};
  }

  mortise::testing::TemporaryDirectory root_;
  base::RealFiles files_;
  runtime::Contracts contracts_{std::uint64_t{1} << 20};
  RecordingService service_;
  std::unique_ptr<Reconciler> reconciler_;

 private:
  void end() {
    reconciler_->let_go();
    retire();
    reconciler_.reset();
  }
  void retire() {
    for (auto* gone : std::exchange(gone_, {})) reconciler_->drains().retire(gone);
  }

  std::vector<runtime::Generation*> gone_;
};

// `teller` provides what `shop` requires, too, but with other methods.

TEST_F(ReconcilerTest, StopsAConsumerThatLosesItsProviderAndNobodyElse) {
  ASSERT_EQ(pass_with({"currency", "shop"}), "currency 1.0.0 shop 1.0.0");
  ASSERT_EQ(pass_with({"currency", "shop", "teller"}), "currency 1.0.0 shop 1.0.0 teller 1.0.0");
  EXPECT_EQ(pass_with({"shop", "teller"}), "teller 1.0.0") << "it ran before, and is not at fault";
  EXPECT_THAT(reason_of("shop"), HasSubstr("convert"));
}

TEST_F(ReconcilerTest, SwitchesToANewcomerThatOnlyAConsumerWhichGoesAsWellDoesNotFit) {
  ASSERT_EQ(pass_with({"currency", "shop"}), "currency 1.0.0 shop 1.0.0");
  EXPECT_EQ(pass_with({"shop", "teller"}), "teller 1.0.0");
}

TEST_F(ReconcilerTest, PlansWithoutChangingAnything) {
  enable({"good"});
  const auto plan = reconciler_->plan();
  ASSERT_EQ(plan.steps.size(), 1U);
  EXPECT_EQ(plan.steps[0].plugin, "good");
  EXPECT_EQ(service_.published(), "");
  EXPECT_EQ(reconciler_->apply("root (uid 0)").result, Outcome::Result::applied);
  EXPECT_EQ(service_.published(), "good 1.0.0");
  EXPECT_EQ(reconciler_->apply("root (uid 0)").result, Outcome::Result::unchanged);
}

TEST_F(ReconcilerTest, GoesBackAndStaysThereUntilSomethingElseIsAskedFor) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  drop("good-1.1");
  ASSERT_EQ(pass_with({"good"}), "good 1.1.0");
  EXPECT_EQ(roll_back(), "applied: good 1.0.0");
  EXPECT_EQ(pass_with({"good"}), "good 1.0.0") << "1.1.0 is not applied again unasked";
  EXPECT_THAT(reason_of("good"), HasSubstr("rolled back to release 1 by root (uid 0)"));
  restart();
  EXPECT_EQ(service_.published(), "good 1.0.0") << "not after a restart either";
  EXPECT_EQ(reconciler_->apply("root (uid 0)").result, Outcome::Result::applied);
  EXPECT_EQ(service_.published(), "good 1.1.0");
}

TEST_F(ReconcilerTest, GoesBackToAnImageWhoseFileIsGone) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  drop("good-1.1");
  std::filesystem::remove(root_ / "drop" / "good-1.0.so");
  ASSERT_EQ(pass_with({"good"}), "good 1.1.0");
  EXPECT_EQ(roll_back(1), "applied: good 1.0.0");
}

TEST_F(ReconcilerTest, GoesBackOverWhatWasEnabledAndDisabled) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  ASSERT_EQ(pass_with({"currency"}), "currency 1.0.0");
  EXPECT_EQ(roll_back(), "applied: good 1.0.0");
  EXPECT_EQ(pass_with({"currency"}), "good 1.0.0");
  EXPECT_EQ(pass_with({"currency", "shop"}), "good 1.0.0") << "shop cannot run without the currency that is held out";
}

TEST_F(ReconcilerTest, SaysWhereItCannotGoBackTo) {
  EXPECT_THAT(roll_back(), HasSubstr("no release before"));
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  EXPECT_THAT(roll_back(), HasSubstr("no release before"));
  EXPECT_THAT(roll_back(7), HasSubstr("no release 7 was ever applied"));
}

TEST_F(ReconcilerTest, LeavesEverythingAsItWasWhenOneOfThreeFails) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  drop("good-1.1");
  drop("init-fails");
  EXPECT_EQ(pass_with({"good", "currency", "init-fails"}), "good 1.0.0");
  EXPECT_THAT(reason_of("init-fails"), HasSubstr("the zoo's init always fails"));
  EXPECT_THAT(reason_of("currency"), HasSubstr("held back with release 2"));
  EXPECT_EQ(pass_with({"good", "currency", "init-fails"}), "good 1.0.0") << "looking again changes nothing";
  const auto outcome = reconciler_->apply("root (uid 0)");
  EXPECT_EQ(outcome.result, Outcome::Result::applied) << outcome.reason;
  EXPECT_EQ(service_.published(), "currency 1.0.0 good 1.1.0");
  const auto history = *reconciler_->history(10);
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history[1].result, "failed");
  EXPECT_THAT(history[1].reason, HasSubstr("init-fails"));
  EXPECT_EQ(history[2].result, "applied");
}

TEST_F(ReconcilerTest, AppliesTheRestOnceNobodyAsksForWhatFailed) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  drop("good-1.1");
  drop("init-fails");
  ASSERT_EQ(pass_with({"good", "currency", "init-fails"}), "good 1.0.0");
  EXPECT_EQ(pass_with({"good", "currency"}), "currency 1.0.0 good 1.1.0") << "what failed was disabled";
  EXPECT_EQ(reason_of("currency"), "active: ");
}

TEST_F(ReconcilerTest, KeepsItsHoldWhenAnApplyFails) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  drop("good-1.1");
  ASSERT_EQ(pass_with({"good"}), "good 1.1.0");
  ASSERT_EQ(roll_back(), "applied: good 1.0.0");
  drop("init-fails");
  enable({"good", "init-fails"});
  EXPECT_EQ(reconciler_->apply("root (uid 0)").result, Outcome::Result::failed);
  EXPECT_EQ(pass_with({"good", "init-fails"}), "good 1.0.0");
  EXPECT_EQ(pass_with({"good"}), "good 1.0.0") << "as if nobody had asked";
}

}  // namespace
}  // namespace mortise::release
