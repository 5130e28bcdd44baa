#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>
#include <thread>

#include "fake_outgoing.hpp"

namespace mortise::takeover {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::chrono::milliseconds kShort{3000};  // for a shell to answer, still

class HandOver : public ::testing::Test {
 protected:
  /// Why nothing comes of a next host that is this script.
  std::string why_not(const std::string& script, std::chrono::milliseconds limit = std::chrono::seconds(30)) {
    const auto handed = hand_over(run_script(script, limit), outgoing_, {});
    EXPECT_FALSE(handed);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "nothing is left of it";
    return handed ? "" : handed.error().message;
  }

  FakeOutgoing outgoing_;
};

TEST_F(HandOver, LendsThenGivesAndTellsWhoServes) {
  const auto script = "test \"$MORTISE_TAKEOVER\" = 0 || exit 9; " + kSayPrepared + kSayReady + kSayServing;
  const auto handed = hand_over(run_script(script), outgoing_, {});
  ASSERT_TRUE(handed) << handed.error().message;
  EXPECT_THAT(outgoing_.calls, ElementsAre("upgrading", "started", "lend")) << "nothing is taken back";
  int status = 0;
  EXPECT_EQ(::waitpid(*handed, &status, 0), *handed);
  EXPECT_EQ(status, 0);
}

TEST_F(HandOver, WhatEndsBeforeItAsksChangesNothing) {
  EXPECT_THAT(why_not("exit 3"), HasSubstr("'/bin/sh' exited with code 3 before it was ready"));
  EXPECT_THAT(outgoing_.calls, ElementsAre("upgrading", "started", "kept"));
  EXPECT_THAT(why_not("kill -SEGV $$"), HasSubstr("was killed by SIGSEGV"));
}

TEST_F(HandOver, WhatEndsWhileItHasTheStateGivesItBack) {
  EXPECT_THAT(why_not(kSayPrepared + "kill -KILL $$"), HasSubstr("was killed by SIGKILL"));
  EXPECT_THAT(outgoing_.calls, ElementsAre("upgrading", "started", "lend", "kept", "take back"));
}

TEST_F(HandOver, WhatEndsWhenAllIsItsGivesItBackToo) {
  EXPECT_THAT(why_not(kSayPrepared + kSayReady + "exit 4"), HasSubstr("exited with code 4"));
  EXPECT_THAT(outgoing_.calls, ElementsAre("upgrading", "started", "lend", "kept", "take back"));
}

TEST_F(HandOver, ItsOwnReasonIsPassedOn) {
  EXPECT_THAT(why_not(R"(echo '{"say":"failed","reason":"no port"}' >&3; exec sleep 60)"),
              AllOf(HasSubstr("the new host '/bin/sh': "), HasSubstr("no port")));
}

TEST_F(HandOver, WhatLacksAPluginIsRefusedWithItsReason) {
  EXPECT_THAT(
      why_not(kSayPrepared + R"(echo '{"say":"ready","running":[],"reasons":{"rates":"no room"}}' >&3; exec sleep 60)"),
      HasSubstr("plugin 'rates' runs here and not in the new host: no room"));
  EXPECT_THAT(outgoing_.calls, ElementsAre("upgrading", "started", "lend", "kept", "take back"));
}

TEST_F(HandOver, LinesOutOfTurnEndIt) {
  EXPECT_THAT(why_not(kSayServing + "exec sleep 60"), HasSubstr("says 'serving' out of turn"));
  EXPECT_THAT(why_not("echo nonsense >&3; exec sleep 60"), HasSubstr("says '' out of turn"));
  EXPECT_THAT(why_not(kSayPrepared + R"(echo '{"say":"ready","running":7}' >&3; exec sleep 60)"), HasSubstr("'rates'"));
}

TEST_F(HandOver, SilenceEndsAtTheLimit) {
  EXPECT_THAT(why_not("exec sleep 60", std::chrono::milliseconds(50)), HasSubstr("was not ready within 50 ms"));
}

TEST_F(HandOver, WhoIsReadyLateHasItsTimeToServeAllTheSame) {
  // Both lines at once, so that the second is there when the time to be ready is over; then it answers.
  const std::string say_all = R"(printf '{"say":"prepared"}\n{"say":"ready","running":["rates"]}\n' >&3; )";
  outgoing_.lend = [](auto deadline, const auto&) { std::this_thread::sleep_until(deadline); };
  const auto handed =
      hand_over(run_script(say_all + "read lent <&3; read yours <&3; " + kSayServing, kShort), outgoing_, {});
  ASSERT_TRUE(handed) << handed.error().message;
  EXPECT_EQ(::waitpid(*handed, nullptr, 0), *handed);
}

TEST_F(HandOver, WhoNeverServesIsEndedInTheEnd) {
  EXPECT_THAT(why_not(kSayPrepared + kSayReady + "exec sleep 60", kShort), HasSubstr("did not serve within 3000 ms"));
  EXPECT_THAT(outgoing_.calls, ElementsAre("upgrading", "started", "lend", "kept", "take back"));
}

TEST_F(HandOver, StateThatCannotBeLentEndsIt) {
  outgoing_.lent = base::Error{base::ErrorCode::unavailable, "the host is stopping"};
  EXPECT_EQ(why_not(kSayPrepared + "exec sleep 60"), "the host is stopping");
  EXPECT_THAT(outgoing_.calls, ElementsAre("upgrading", "started", "lend", "kept"));
}

TEST_F(HandOver, InterruptEndsItUntilAllIsGiven) {
  std::stop_source giving_up;
  giving_up.request_stop();
  const auto handed = hand_over(run_script("exec sleep 60"), outgoing_, giving_up.get_token());
  EXPECT_EQ(handed.error().message, "the host is stopping");
}

TEST_F(HandOver, ProgramThatIsNotThereIsNamed) {
  auto settings = run_script("");
  settings.executable = "/nowhere/mortise";
  EXPECT_THAT(hand_over(settings, outgoing_, {}).error().message,
              AllOf(HasSubstr("cannot start '/nowhere/mortise'"), HasSubstr("install a host there")));
  EXPECT_THAT(outgoing_.calls, ElementsAre("upgrading", "kept"));
}

}  // namespace
}  // namespace mortise::takeover
