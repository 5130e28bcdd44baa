// Plugins that run in another host: their consumers do not notice, until that host is gone, and again when it is back.
#include <Poco/Net/StreamSocket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "remote/scripted_host.hpp"
#include "support/footprint.hpp"
#include "support/gate.hpp"
#include "support/placed_test.hpp"
#include "support/traffic.hpp"
#include "support/workers_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

/// `host_` runs those that call; `far_` is the other host. The parameter is where who calls runs.
class RemoteTest : public WorkersTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void TearDown() override {
    WorkersTest::TearDown();
    if (far_ && !far_->has_ended()) {
      EXPECT_EQ(far_->stop(), 0);
    }
    if (HasFailure() && far_) std::cerr << "the other host's log:\n" << far_->log_text();
  }

  /// A plugin of the other host that everybody may call.
  void expose(const std::string& plugin) { far_prefix_.write_plugin(plugin, R"({"expose": true})"); }
  void start_far() {
    far_.emplace(far_prefix_);
    far_->wait_until_ready();
    // Where it will be found again.
    far_prefix_.configure({{"edge", {{"listen", json::array({{{"address", "127.0.0.1"}, {"port", far_->port()}}})}}}});
  }
  void call_far(const std::string& plugin) {
    prefix_.write_plugin(plugin, json{{"placement", {{"remote", far_url()}}}}.dump());
  }
  [[nodiscard]] std::string far_url() const { return "http://127.0.0.1:" + std::to_string(far_->port()); }

  /// One of the zoo's runs in the other host, and is called from here.
  void share(const std::string& file, const std::string& plugin) {
    far_prefix_.drop(zoo_file(file));
    expose(plugin);
    start_far();
    prefix_.drop(zoo_file(file));
    call_far(plugin);
  }
  Host& start_hello_and_greeter() {
    far_prefix_.drop(shipped_file("greeter"));
    expose("greeter");
    start_far();
    prefix_.drop(shipped_file("greeter"));
    call_far("greeter");
    prefix_.place(GetParam());
    prefix_.add_shipped("hello");
    return start();
  }

  Prefix far_prefix_;
  std::optional<Host> far_;
};

TEST_P(RemoteTest, AnswersAndFailuresAreTheSame) {
  auto& host = start_hello_and_greeter();
  EXPECT_EQ(host.get("/hello/Ada").json()["greeting"], "Hello, Ada!");
  EXPECT_EQ(host.get("/hello/%20%22J%C3%BCrgen?language=es").json()["greeting"], "¡Hola,  \"Jürgen!");
  const auto unknown = host.get("/hello/Ada?language=tlh");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("no greeting in 'tlh'"));
}

TEST_P(RemoteTest, TheStatusTellsOfTheHost) {
  auto& host = start_hello_and_greeter();
  EXPECT_EQ(host.get("/hello/Ada").status, 200);
  const auto greeter = status_of("greeter");
  EXPECT_EQ(greeter["state"], "active");
  EXPECT_EQ(greeter["placement"], "remote");
  EXPECT_EQ(greeter["remote"]["url"], far_url());
  EXPECT_GE(greeter["remote"]["calls"], 1);
  EXPECT_EQ(greeter["remote"]["failures"], 0);
  const auto printed = mortise({"status", "greeter"});
  EXPECT_EQ(printed.code, 0);
  EXPECT_THAT(printed.out, AllOf(HasSubstr("placement   remote"), HasSubstr(far_url())));
}

TEST_P(RemoteTest, AHostThatIsGoneIsSaidSoAndMissedNoLongerThanThat) {
  auto& host = start_hello_and_greeter();
  EXPECT_EQ(host.get("/hello/Ada").status, 200);
  const auto url = far_url();
  EXPECT_EQ(far_->stop(), 0);
  const auto gone = host.get("/hello/Ada");
  EXPECT_EQ(gone.status, 503);
  EXPECT_THAT(gone.body, HasSubstr(url));
  EXPECT_EQ(status_of("greeter")["state"], "active");
  start_far();
  wait_until([&] { return host.get("/hello/Ada").status == 200; });
}

TEST_P(RemoteTest, StartsWithoutTheOtherHost) {
  prefix_.drop(shipped_file("greeter"));
  prefix_.write_plugin("greeter", R"({"placement": {"remote": "http://127.0.0.1:1"}})");
  prefix_.place(GetParam());
  prefix_.add_shipped("hello");
  auto& host = start();
  EXPECT_EQ(status_of("hello")["state"], "active");
  EXPECT_EQ(host.get("/hello/Ada").status, 503);
}

TEST_P(RemoteTest, WhatIsNotExposedIsSaidSo) {
  auto& host = start_hello_and_greeter();
  far_prefix_.write_plugin("greeter", "{}");
  wait_until([&] { return host.get("/hello/Ada").status == 501; });
  EXPECT_THAT(host.get("/hello/Ada").body, HasSubstr("does not expose"));
}

TEST_P(RemoteTest, NobodyNoticesThatItIsUpgradedThere) {
  share("bank-1.0", "bank");
  prefix_.place(GetParam());
  prefix_.add_zoo("quotes");
  auto& host = start();
  Traffic traffic(host, "/best/CHF");
  traffic.wait_for("42");
  far_prefix_.drop(zoo_file("bank-1.1"));
  far_->wait_for_version("bank", "1.1.0");
  far_prefix_.write_plugin("bank", R"({"expose": true, "version": "1.0.x"})");
  far_->wait_for_version("bank", "1.0.0");
  EXPECT_THAT(traffic.end(), ElementsAre("42"));
}

TEST_P(RemoteTest, ItMovesThereAndBackUnderLoad) {
  far_prefix_.drop(shipped_file("greeter"));
  expose("greeter");
  start_far();
  prefix_.add_shipped("greeter");
  prefix_.place(GetParam());
  prefix_.add_shipped("hello");
  auto& host = start();
  Traffic traffic(host, "/hello/Ada");
  const auto answer = host.get("/hello/Ada").body;
  for (int round = 0; round < 3; ++round) {
    call_far("greeter");
    wait_until([&] { return status_of("greeter")["placement"] == "remote"; });
    traffic.wait_for(answer);
    prefix_.write_plugin("greeter", "{}");
    wait_until([&] { return status_of("greeter")["placement"] == "inline"; });
  }
  EXPECT_THAT(traffic.end(), ElementsAre(answer));
}

TEST_P(RemoteTest, ARestartBringsItBackAsItWas) {
  start_hello_and_greeter();
  EXPECT_EQ(host_->stop(), 0);
  auto& host = start();
  EXPECT_EQ(status_of("greeter")["placement"], "remote");
  EXPECT_EQ(host.get("/hello/Ada").status, 200);
}

TEST_P(RemoteTest, TheOtherHostsLogTellsOfTheRequest) {
  far_prefix_.configure({{"log", {{"level", "debug"}}}});
  share("bank-1.0", "bank");
  prefix_.place(GetParam());
  prefix_.add_zoo("quotes");
  const auto answer = start().get("/best/CHF");
  EXPECT_EQ(answer.body, "42");
  const auto line = far_->wait_for_log("converting", [](const json& one) { return one["unit"] == "CHF"; });
  EXPECT_EQ(line["plugin"], "bank");
  EXPECT_EQ(line["request_id"], answer.header("X-Request-Id"));
}

TEST_P(RemoteTest, BothHostsLogsTellOfTheTrace) {
  far_prefix_.configure({{"log", {{"level", "debug"}}}});
  prefix_.configure({{"edge", {{"access_log", true}}}});
  far_prefix_.drop(zoo_file("bank-1.0"));
  far_prefix_.write_plugin("bank", json{{"expose", true}, {"placement", GetParam()}}.dump());
  start_far();
  prefix_.drop(zoo_file("bank-1.0"));
  call_far("bank");
  prefix_.place(GetParam());
  prefix_.add_zoo("quotes");
  start();
  const std::string trace(32, 'a');
  const auto traced = host_->connect().get("/best/CHF", {{"traceparent", "00-" + trace + "-00000000000000ff-01"}});
  const auto untraced = host_->get("/best/CHF");
  const auto is_of = [](const Answer& answer) {
    return [id = answer.header("X-Request-Id")](const json& line) { return line.value("request_id", "") == id; };
  };
  EXPECT_EQ(far_->wait_for_log("converting", is_of(traced))["trace_id"], trace);
  EXPECT_FALSE(far_->wait_for_log("converting", is_of(untraced)).contains("trace_id"));
  const auto access = [&](const Answer& answer) { return host_->wait_for_log("", is_of(answer)); };  // without message
  EXPECT_EQ(access(traced)["trace_id"], trace);
  EXPECT_FALSE(access(untraced).contains("trace_id"));
}

TEST_P(RemoteTest, TheTraceIsPassedOnWithASpanOfThisHost) {
  remote::ScriptedHost far([](const std::string&) { return remote::failure("404 Not Found", "", ""); });
  prefix_.drop(zoo_file("ledger"));
  prefix_.write_plugin("ledger", json{{"placement", {{"remote", far.url()}}}}.dump());
  prefix_.place(GetParam());
  prefix_.add_zoo("clerk");
  const std::string trace(32, 'a');
  const auto parent = "00-" + trace + "-00000000000000ff-01";
  EXPECT_EQ(start().connect().get("/look/1", {{"traceparent", parent}, {"tracestate", "a=b"}}).status, 501);
  ASSERT_THAT(far.requests(), SizeIs(1));
  const auto request = far.requests().front();
  EXPECT_THAT(request, AllOf(ContainsRegex("traceparent: 00-" + trace + "-[0-9a-f]{16}-01\r\n"), Not(HasSubstr(parent)),
                             HasSubstr("tracestate: a=b\r\n")));
}

TEST_P(RemoteTest, DurableEventsWaitForASubscriberWhoseHostIsAway) {
  // An attempt that counted would soon have been the last.
  prefix_.configure({{"events", {{"attempts", 2}, {"retry_pause_ms", 10}, {"max_retry_pause_ms", 20}}}});
  share("notes-1.0", "notes");
  prefix_.drop(zoo_file("tells-1.0"));
  prefix_.write_plugin("tells", json{{"placement", GetParam()}}.dump());
  auto& host = start();
  const auto noted = [this](int count) { return json::parse(far_->get("/notes?count=" + std::to_string(count)).body); };
  ASSERT_EQ(host.connect().send("POST", "/tells?key=a&count=10").status, 200);
  EXPECT_EQ(noted(10)["count"], 10);
  EXPECT_EQ(far_->stop(), 0);
  ASSERT_EQ(host.connect().send("POST", "/tells?key=a&from=11&count=20").status, 200);
  const auto line = host.wait_for_log("durable events wait for their subscriber");
  EXPECT_EQ(line["subscriber"], "notes");
  start_far();
  const auto all = noted(30);
  EXPECT_EQ(all["count"], 30);
  EXPECT_EQ(all["out_of_order"], 0);
  EXPECT_EQ(all["last"]["attempt"], 1);
}

TEST_P(RemoteTest, TheDeadlineGoesAlong) {
  share("bank-1.0", "bank");
  prefix_.drop(zoo_file("quotes"));
  prefix_.write_plugin("quotes", json{{"placement", GetParam()}, {"limits", {{"deadline", "300ms"}}}}.dump());
  auto& host = start();
  EXPECT_EQ(host.get("/best/CHF").body, "42");
  stop_process(far_->process());
  EXPECT_EQ(host.get("/best/CHF").status, 504);
  ASSERT_EQ(::kill(far_->process(), SIGCONT), 0);
  wait_until([&] { return host.get("/best/CHF").status == 200; });
}

/// Clients of this host that go away while the other host has their call, whose plugin waits until nobody waits for it.
class CancelledTest : public RemoteTest {
 protected:
  void start_both() {
    const auto unhurried = json{{"deadline", "1h"}, {"threads", 32}};
    far_prefix_.drop(zoo_file("ledger"));
    far_prefix_.write_plugin("ledger", json{{"expose", true}, {"placement", GetParam()}, {"limits", unhurried}}.dump());
    start_far();
    prefix_.drop(zoo_file("ledger"));
    call_far("ledger");
    prefix_.drop(zoo_file("clerk"));
    prefix_.write_plugin("clerk", json{{"placement", GetParam()}, {"limits", unhurried}}.dump());
    start();
    EXPECT_EQ(host_->get("/look/1").body, "1");
    linger(1);
    wait_for_lines(2);  // all is warm that stays
  }
  [[nodiscard]] std::string ledger() const {
    return testing::read_file(far_prefix_.data_directory("ledger") / "ledger");
  }
  void wait_for_lines(std::ptrdiff_t count) const {
    wait_until([&] {
      const auto lines = ledger();
      return std::count(lines.begin(), lines.end(), '\n') >= count;
    });
  }
  /// Asks, and goes when the other host's plugin has the call.
  void linger(int number) const {
    Poco::Net::StreamSocket client(Poco::Net::SocketAddress("127.0.0.1", host_->port()));
    const auto n = std::to_string(number);
    const auto request = "GET /linger/" + n + " HTTP/1.1\r\nHost: a\r\n\r\n";
    client.sendBytes(request.data(), static_cast<int>(request.size()));
    wait_until([&] { return ledger().find("linger " + n + "\n") != std::string::npos; });
  }
};

TEST_P(CancelledTest, TheOtherHostLearnsThatTheClientHasGone) {
  start_both();
  EXPECT_EQ(ledger(), "linger 1\nleft 1\n") << "it was called once";
  const auto remote = status_of("ledger")["remote"];
  EXPECT_EQ(remote["calls"], 2);
  EXPECT_EQ(remote["retries"], 0);
  EXPECT_EQ(remote["failures"], 0);
  EXPECT_EQ(host_->get("/look/3").body, "3");
}

TEST_P(CancelledTest, AThousandLeaveNothingBehindAndOpenNoCircuit) {
  constexpr int kThreads = 8;
  constexpr int kEach = 125;
  start_both();
  // Of what a process takes, what does not come back.
  const auto taken = [&] {
    const auto here = Footprint::of(host_->process());
    const auto there = Footprint::of(far_->process());
    return std::array{here.descriptors, there.descriptors};
  };
  const auto before = taken();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < kEach; ++i) linger(2 + t * kEach + i);
    });
  }
  for (auto& thread : threads) thread.join();
  wait_for_lines(2 * (1 + kThreads * kEach));
  EXPECT_EQ(host_->get("/look/3").body, "3");
  const auto lines = ledger();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2 * (1 + kThreads * kEach)) << "each was called once";
  const auto ledger_status = status_of("ledger");
  EXPECT_EQ(ledger_status["remote"]["circuit"], "closed");
  EXPECT_EQ(ledger_status["remote"]["failures"], 0);
  EXPECT_EQ(ledger_status["remote"]["retries"], 0);
  EXPECT_EQ(status_of("clerk")["containment"]["failures"], 0);
  // A connection that is kept more, or less.
  wait_until([&] { return taken()[0] <= before[0] + 2 && taken()[1] <= before[1] + 2; });
}

INSTANTIATE_TEST_SUITE_P(Consumer, CancelledTest, ::testing::Values("inline", "isolated"), placement_name);
TEST_P(RemoteTest, SoDoesALimitThatTheCallerSets) {
  share("bank-1.0", "bank");
  prefix_.place(GetParam());
  prefix_.add_zoo("quotes");
  auto& host = start();
  const auto left = std::stoll(host.get("/limited/TTL/20000").body);
  EXPECT_LE(left, 20'010);
  EXPECT_GT(left, 5'000);
  stop_process(far_->process());
  Pending late(host, "/limited/CHF/50");
  wait_until([&] { return status_of("bank")["remote"]["calls"] >= 3; });
  ASSERT_EQ(::kill(far_->process(), SIGCONT), 0);
  EXPECT_THAT(late.answer().body, AllOf(HasSubstr("late: "), HasSubstr("its caller gives it"), HasSubstr("; then 42")));
  EXPECT_EQ(status_of("bank")["remote"]["failures"], 0);
  EXPECT_EQ(status_of("bank")["remote"]["circuit"], "closed");
  EXPECT_EQ(far_->ask("GET", "/v1/status")["plugins"][0]["containment"]["failures"], 0);
}

INSTANTIATE_TEST_SUITE_P(Consumer, RemoteTest, ::testing::Values("inline", "isolated"), placement_name);

}  // namespace
}  // namespace mortise::integration
