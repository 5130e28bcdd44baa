#include "takeover/host_upgrade.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>
#include <future>

#include "fake_outgoing.hpp"

namespace mortise::takeover {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(HostUpgrade, TellsWhoServesAndThenUpgradesNoMore) {
  FakeOutgoing outgoing;
  HostUpgrade upgrade(run_script(kSayPrepared + kSayReady + kSayServing), outgoing);
  const auto outcome = upgrade.upgrade("ada");
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->is_upgraded);
  EXPECT_NE(outcome->pid, kThisHost);
  EXPECT_THAT(outgoing.calls, ElementsAre("upgrading", "started", "lend", "replaced"));
  EXPECT_TRUE(upgrade.is_replaced());
  EXPECT_THAT(upgrade.upgrade("ada").error().message, HasSubstr(std::to_string(outcome->pid)));
  EXPECT_EQ(upgrade.close(), outcome->pid);
  EXPECT_EQ(::waitpid(outcome->pid, nullptr, 0), outcome->pid);
}

TEST(HostUpgrade, FailureIsAnOutcomeAndTheNextMayWork) {
  FakeOutgoing outgoing;
  HostUpgrade upgrade(run_script("exit 1"), outgoing);
  for (int i = 0; i < 2; ++i) {
    const auto outcome = upgrade.upgrade("ada");
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->is_upgraded);
    EXPECT_EQ(outcome->pid, kThisHost);
    EXPECT_THAT(outcome->reason, HasSubstr("exited with code 1"));
  }
  EXPECT_EQ(upgrade.close(), std::nullopt);
}

TEST(HostUpgrade, CloseEndsOneThatIsUnderWayAndRefusesOthers) {
  FakeOutgoing outgoing;
  HostUpgrade upgrade(run_script("exec sleep 60"), outgoing);
  auto running = std::async(std::launch::async, [&] { return upgrade.upgrade("ada"); });
  EXPECT_EQ(upgrade.close(), std::nullopt);
  // Before or after its beginning: it has come to nothing.
  const auto outcome = running.get();
  EXPECT_EQ(outcome ? outcome->reason : outcome.error().message, "the host is stopping");
  EXPECT_EQ(upgrade.upgrade("ada").error().code, base::ErrorCode::unavailable);
}

TEST(HostUpgrade, CloseEndsOneThatWaitsForTheStateToBeLent) {
  FakeOutgoing outgoing;
  std::promise<void> lending;
  outgoing.lend = [&](auto, const std::stop_token& giving_up) {
    std::promise<void> given_up;
    const std::stop_callback stop(giving_up, [&] { given_up.set_value(); });
    lending.set_value();
    given_up.get_future().wait();
  };
  outgoing.lent = base::Error{base::ErrorCode::cancelled, "the host is stopping"};
  HostUpgrade upgrade(run_script(kSayPrepared + "exec sleep 60"), outgoing);
  upgrade.begin("SIGUSR2");
  lending.get_future().wait();
  EXPECT_EQ(upgrade.close(), std::nullopt);
  EXPECT_THAT(outgoing.calls, ElementsAre("upgrading", "started", "lend", "kept"))
      << "what was not lent is not taken back";
}

TEST(HostUpgrade, ASecondSignalDoesNotWaitForTheFirst) {
  FakeOutgoing outgoing;
  HostUpgrade upgrade(run_script("exec sleep 600", std::chrono::hours(1)), outgoing);
  upgrade.begin("SIGUSR2");
  upgrade.begin("SIGUSR2");  // at once: before the first can have got anywhere
  EXPECT_THAT(upgrade.upgrade("ada").error().message, HasSubstr("under way"));
  EXPECT_EQ(upgrade.close(), std::nullopt);
}

}  // namespace
}  // namespace mortise::takeover
