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
  EXPECT_NE(outcome->pid, ::getpid());
  EXPECT_THAT(outgoing.calls, ElementsAre("lend", "replaced"));
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
    EXPECT_EQ(outcome->pid, ::getpid());
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

}  // namespace
}  // namespace mortise::takeover
