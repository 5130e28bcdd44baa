// `on_crash: isolate`: whoever has crashed the host comes back in a process of its own.
#include <Poco/Exception.h>

#include <algorithm>
#include <string>

#include "support/connection_load.hpp"
#include "support/workers_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class OnCrashTest : public WorkersTest {
 protected:
  /// One request that ends the host process; returns when the next one serves.
  void crash(const std::string& target) {
    const auto former = host_->process();
    EXPECT_THROW(host_->get(target), Poco::Exception);
    host_->wait_for_restart(former);
  }
  [[nodiscard]] std::string isolated_by(const std::string& plugin) const {
    return status_of(plugin)["isolated_by"].get<std::string>();
  }
};

TEST_F(OnCrashTest, ComesBackIsolatedUnderLoadAndOthersSeeNoMoreThanTheRestart) {
  prefix_.add_zoo("moody-1.1", "moody");
  prefix_.add_zoo("good-1.0", "good");
  start();
  constexpr ConnectionLoad::Threads kThreads{.keeping = 2, .fresh = 2};
  ConnectionLoad load(host_->port(), "/good", kThreads);
  load.wait_for_more(20);
  crash("/moody?crash");
  load.wait_for_more(50);
  const auto failures = load.end().failures;
  EXPECT_LE(failures.size(), kThreads.keeping + kThreads.fresh) << "who was inside";
  EXPECT_TRUE(std::none_of(failures.begin(), failures.end(),
                           [](const std::string& failure) { return failure.find("refused") != std::string::npos; }));

  EXPECT_EQ(host_->get("/moody").body, "1.1.0");
  const auto status = status_of("moody");
  EXPECT_EQ(status["state"], "active");
  EXPECT_EQ(status["placement"], "isolated");
  EXPECT_EQ(status["isolated_by"], "crash");
  EXPECT_THAT(status["reason"].get<std::string>(),
              AllOf(HasSubstr("isolated, because it crashed the host: SIGSEGV at 0x8, in request "),
                    HasSubstr("`mortise pardon moody` brings it back inline")));
  EXPECT_EQ(isolated_by("good"), "");
  EXPECT_THAT(mortise({"status"}).out, HasSubstr("isolated, because it crashed the host"));
  EXPECT_THAT(mortise({"status", "moody"}).out,
              AllOf(HasSubstr("placement   isolated"), HasSubstr("crashes     1, the last at 20")));
  EXPECT_THAT(mortise({"history"}).out, HasSubstr("isolation of 'moody': it crashed the host"));
}

TEST_F(OnCrashTest, StaysIsolatedOverARestartUntilThePardon) {
  prefix_.add_zoo("moody-1.1", "moody");
  start();
  crash("/moody?crash");
  ASSERT_EQ(isolated_by("moody"), "crash");
  EXPECT_EQ(host_->stop(), 0);
  start();
  EXPECT_EQ(isolated_by("moody"), "crash");
  EXPECT_EQ(status_of("moody")["placement"], "isolated");
  EXPECT_EQ(mortise({"pardon", "moody"}).code, 0);
  EXPECT_EQ(status_of("moody")["placement"], "inline");
  EXPECT_EQ(host_->get("/moody").body, "1.1.0");
  EXPECT_THAT(mortise({"history"}).out, HasSubstr("pardon of moody"));
}

TEST_F(OnCrashTest, ANewVersionComesInline) {
  prefix_.add_zoo("moody-1.1", "moody");
  start();
  crash("/moody?crash");
  ASSERT_EQ(status_of("moody")["placement"], "isolated");
  prefix_.drop(zoo_file("moody-1.2"));
  host_->wait_for_version("moody", "1.2.0");
  EXPECT_EQ(status_of("moody")["placement"], "inline");
  EXPECT_EQ(isolated_by("moody"), "");
}

TEST_F(OnCrashTest, FurtherCrashesAreTheWorkersAndTheThirdQuarantinesIt) {
  prefix_.add_zoo("moody-1.1", "moody");
  start();
  crash("/moody?crash");
  const auto process = host_->process();
  EXPECT_EQ(host_->get("/moody?crash").status, 503);
  wait_until([&] { return status_of("moody")["worker"]["restarts"] == 1; });
  EXPECT_EQ(host_->get("/moody?crash").status, 503);
  EXPECT_THAT(host_->wait_for_state("moody", "quarantined")["reason"].get<std::string>(),
              AllOf(HasSubstr("crashed its worker: "), HasSubstr("3 times in five minutes")));
  EXPECT_EQ(host_->process(), process);
}

TEST_F(OnCrashTest, WhoseCallersCannotReachItThereIsQuarantinedInstead) {
  prefix_.add_zoo("currency-1.3-writes", "currency");
  prefix_.add_zoo("shop", "shop");
  prefix_.add_zoo("good-1.0", "good");
  start();
  crash("/shop");
  EXPECT_THAT(host_->wait_for_state("currency", "quarantined")["reason"].get<std::string>(),
              AllOf(HasSubstr("'currency' 1.3.0 crashed the host: SIG"), HasSubstr(", and it cannot be isolated: "),
                    HasSubstr("provides it in another process"), HasSubstr("mortise pardon currency")));
  EXPECT_EQ(host_->get("/good").status, 200);
  EXPECT_EQ(host_->stop(), 0);
  start();
  host_->wait_for_state("currency", "quarantined");
}

}  // namespace
}  // namespace mortise::integration
