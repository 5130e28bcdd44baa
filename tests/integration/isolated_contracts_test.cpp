// Contracts between plugins of which one, the other or both are in a process of their own: that it makes no difference
// to their users, and what it makes to them when a process ends.
#include <signal.h>
#include <string>
#include <tuple>

#include "support/gate.hpp"
#include "support/load.hpp"
#include "support/traffic.hpp"
#include "support/workers_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::HasSubstr;

/// Where the consumer and where the provider is.
class ConsumerAndProviderTest : public WorkersTest,
                                public ::testing::WithParamInterface<std::tuple<const char*, const char*>> {
 protected:
  static std::string of_consumer() { return std::get<0>(GetParam()); }
  static std::string of_provider() { return std::get<1>(GetParam()); }

  Host& start_hello_and_greeter() {
    prefix_.place(of_provider());
    prefix_.add_shipped("greeter");
    prefix_.place(of_consumer());
    prefix_.add_shipped("hello");
    return start();
  }
  /// "quotes" on "bank".
  Host& start_quotes_and_bank() {
    prefix_.place(of_provider());
    prefix_.add_zoo("bank-1.0", "bank");
    prefix_.place(of_consumer());
    prefix_.add_zoo("quotes");
    return start();
  }
};

TEST_P(ConsumerAndProviderTest, AnswersAndFailuresAreTheSame) {
  auto& host = start_hello_and_greeter();
  EXPECT_EQ(status_of("hello")["placement"], of_consumer());
  EXPECT_EQ(status_of("greeter")["placement"], of_provider());
  EXPECT_EQ(host.get("/hello/Ada").json()["greeting"], "Hello, Ada!");
  EXPECT_EQ(host.get("/hello/Ada?language=de").json()["greeting"], "Hallo, Ada!");
  EXPECT_EQ(host.get("/hello/%20%22J%C3%BCrgen?language=es").json()["greeting"], "¡Hola,  \"Jürgen!");
  const auto unknown = host.get("/hello/Ada?language=tlh");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("no greeting in 'tlh'"));
}

TEST_P(ConsumerAndProviderTest, LargeTextsGoBothWays) {
  prefix_.configure({{"edge", {{"max_header_bytes", 1 << 20}}}});
  auto client = start_hello_and_greeter().connect();
  for (const std::size_t size : {1'000U, 8'192U, 200'000U}) {
    std::string name;
    for (std::size_t i = 0; i < size; ++i) name += static_cast<char>('a' + i * i % 23);
    const auto answer = client.get("/hello/" + name + "?language=de");
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_TRUE(answer.json()["greeting"] == "Hallo, " + name + "!") << size;
  }
}

TEST_P(ConsumerAndProviderTest, TheProvidersLogTellsOfTheConsumersRequest) {
  prefix_.configure({{"log", {{"format", "json"}, {"level", "debug"}}}});
  auto& host = start_quotes_and_bank();
  const auto answer = host.get("/best/CHF");
  EXPECT_EQ(answer.body, "42");
  const auto line = host.wait_for_log("converting", [](const json& one) { return one["unit"] == "CHF"; });
  EXPECT_EQ(line["plugin"], "bank");
  EXPECT_EQ(line["request_id"], answer.header("X-Request-Id"));
}

TEST_P(ConsumerAndProviderTest, AProviderThatIsLateCostsItsCallerAlone) {
  Gate gate(prefix_, "bank");
  prefix_.place(of_provider());
  prefix_.add_zoo("bank-1.0", "bank");
  prefix_.drop(zoo_file("quotes"));
  prefix_.write_plugin("quotes", json{{"placement", of_consumer()}, {"limits", {{"deadline", "300ms"}}}}.dump());
  auto& host = start();
  const auto worker = [this] {
    const auto told = status_of("bank")["worker"];
    return std::pair(told["pid"].get<pid_t>(), told["restarts"].get<int>());
  };
  const auto before = worker();
  EXPECT_EQ(host.get("/best/XXX").status, 504);
  gate.wait_until_inside();
  EXPECT_EQ(host.get("/best/EUR").body, "42");
  gate.open();
  wait_until([&] { return status_of("quotes")["containment"]["stuck"] == 0; });
  EXPECT_EQ(host.get("/best/EUR").body, "42");
  EXPECT_EQ(worker(), before);
}

TEST_P(ConsumerAndProviderTest, AProviderIsToldOfTheLimitThatItsCallerSets) {
  auto& host = start_quotes_and_bank();
  const auto left = [&host](const std::string& path) { return std::stoll(host.get(path).body); };
  EXPECT_LE(left("/limited/TTL/20000"), 20'000);
  EXPECT_GT(left("/limited/TTL/20000"), 5'000);
  EXPECT_GT(left("/limited/TTL/3000000"), 5'000) << "and no later than the deadline";
  EXPECT_LE(left("/limited/TTL/3000000"), 60'010);
  EXPECT_GT(left("/best/TTL"), 20'000);
}

TEST_P(ConsumerAndProviderTest, ACallThatIsLateForItsCallersLimitCostsNobodyMore) {
  if (of_provider() == "inline") GTEST_SKIP() << "what runs on the caller's own thread is not interrupted";
  Gate gate(prefix_, "bank");
  auto& host = start_quotes_and_bank();
  const auto worker = [this] {
    const auto told = status_of("bank")["worker"];
    return std::pair(told["pid"].get<pid_t>(), told["restarts"].get<int>());
  };
  const auto before = worker();
  for (int i = 0; i < 3; ++i) {
    const auto answer = host.get("/limited/XXX/50");
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, AllOf(HasSubstr("late: "), HasSubstr("its caller gives it"), HasSubstr("; then 42")));
  }
  gate.wait_until_inside();
  EXPECT_EQ(status_of("bank")["containment"]["failures"], 0);
  gate.open();
  EXPECT_EQ(host.get("/limited/CHF/20000").body, "42; then 42");
  EXPECT_EQ(worker(), before);
}

TEST_P(ConsumerAndProviderTest, NoRequestFailsWhileTheProviderIsReplaced) {
  auto& host = start_quotes_and_bank();
  const auto is_right = [](const Answer& answer) { return answer.body == "42" ? "" : "wrong: " + answer.body; };
  Load load(host, "/best", is_right);
  for (int round = 0; round < 5; ++round) {
    load.wait_for_more(50);
    const auto newer = prefix_.drop(zoo_file("bank-1.1"), "newer");
    host.wait_for_version("bank", "1.1.0");
    load.wait_for_more(50);
    std::filesystem::remove(newer);
    host.wait_for_version("bank", "1.0.0");
  }
  load.end();
  EXPECT_EQ(load.fault(), "");
}

TEST_P(ConsumerAndProviderTest, AFormerProviderIsLetGoOfWhenNoRequestIsInside) {
  auto& host = start_quotes_and_bank();
  auto client = host.connect();
  for (int round = 0; round < 10; ++round) {
    EXPECT_EQ(client.get("/best").body, "42");
    const auto newer = prefix_.drop(zoo_file("bank-1.1"), "newer");
    host.wait_for_version("bank", "1.1.0");
    host.wait_for_status([](const json& status) { return status["plugins"].size() == 2; });
    EXPECT_EQ(client.get("/best").body, "42");
    std::filesystem::remove(newer);
    host.wait_for_version("bank", "1.0.0");
    host.wait_for_status([](const json& status) { return status["plugins"].size() == 2; });
  }
}

TEST_P(ConsumerAndProviderTest, NoRequestFailsWhileTheProviderMoves) {
  auto& host = start_quotes_and_bank();
  const auto is_right = [](const Answer& answer) { return answer.body == "42" ? "" : "wrong: " + answer.body; };
  Load load(host, "/best", is_right);
  for (const std::string placement : {"inline", "isolated", "inline", "isolated"}) {
    load.wait_for_more(50);
    prefix_.place(placement);
    prefix_.enable("bank");
    wait_until([&] { return status_of("bank")["placement"] == placement; });
  }
  load.end();
  EXPECT_EQ(load.fault(), "");
}

INSTANTIATE_TEST_SUITE_P(Placed, ConsumerAndProviderTest,
                         ::testing::Combine(::testing::Values("inline", "isolated"),
                                            ::testing::Values("inline", "isolated")),
                         [](const auto& placements) {
                           return std::string(std::get<0>(placements.param)) + "_on_" + std::get<1>(placements.param);
                         });

/// With "quotes" where the parameter says.
class IsolatedProviderTest : public WorkersTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void start_with_bank() {
    prefix_.place("isolated");
    prefix_.add_zoo("bank-1.0", "bank");
    prefix_.place(GetParam());
    prefix_.add_zoo("quotes");
    prefix_.place("inline");
    prefix_.add_zoo("good-1.0", "good");
    start();
  }
};

TEST_P(IsolatedProviderTest, WhoCallsAProcessThatIsKilledGetsA503AndNobodyElseNotices) {
  Gate gate(prefix_, "bank");
  start_with_bank();
  Load others(*host_, "/good");
  Traffic traffic(*host_, "/best");
  traffic.wait_for("42");
  for (int i = 1; i <= 3; ++i) {
    Pending inside(*host_, "/best/XXX");
    gate.wait_until_inside();
    kill_worker("bank");
    gate.open();
    EXPECT_EQ(inside.answer().status, 503);
    ASSERT_EQ(host_->get("/best").body, "42");
    EXPECT_EQ(status_of("bank")["worker"]["restarts"], i);
  }
  others.wait_for_more(50);
  others.end();
  EXPECT_EQ(others.fault(), "");
  EXPECT_THAT(traffic.end(), Each(AnyOf("42", "503")));
  EXPECT_EQ(status_of("quotes")["state"], "active");
}

TEST_P(IsolatedProviderTest, WhoCallsItThenGetsAProblemDocument) {
  Gate gate(prefix_, "bank");
  start_with_bank();
  Pending inside(*host_, "/best/XXX");
  gate.wait_until_inside();
  ASSERT_EQ(::kill(worker_of("bank"), SIGKILL), 0);
  const auto answer = inside.answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(answer.json()["request_id"], answer.header("X-Request-Id"));
}

INSTANTIATE_TEST_SUITE_P(Placed, IsolatedProviderTest, ::testing::Values("inline", "isolated"),
                         [](const auto& placement) { return std::string(placement.param); });

class IsolatedContractsTest : public WorkersTest {
 protected:
  IsolatedContractsTest() { prefix_.place("isolated"); }
  [[nodiscard]] std::string reason_of(const std::string& plugin) const {
    return host_->wait_for_state(plugin, "failed")["reason"].get<std::string>();
  }
  const ::testing::Matcher<std::string> is_refused_ =
      AllOf(HasSubstr("'currency' 1.0.0 provides it in another process, and the plugin makes no calls there"),
            HasSubstr(R"(run both with "placement": "inline", or set `fill_proxy`, as MORTISE_CONTRACT does)"));
};

TEST_F(IsolatedContractsTest, AListHasTheNamesAndRanksOfProvidersInOtherProcesses) {
  for (const auto* bank : {"visa", "giro"}) prefix_.add_zoo(bank);
  prefix_.add_zoo("bank-1.0", "bank");
  prefix_.add_zoo("quotes");
  auto& host = start();
  EXPECT_EQ(host.get("/quotes").body, "giro 105, visa 63, bank 42");
  EXPECT_EQ(host.get("/best").body, "105");
  EXPECT_EQ(host.get("/visa").body, "63");
  prefix_.place("inline");
  prefix_.enable("visa");
  wait_until([&] { return status_of("visa")["placement"] == "inline"; });
  EXPECT_EQ(host.get("/quotes").body, "giro 105, visa 63, bank 42");
}

TEST_F(IsolatedContractsTest, AConsumerThatCannotCallOtherProcessesIsToldWhatToDo) {
  prefix_.add_zoo("currency-1.0", "currency");
  prefix_.place("inline");
  prefix_.add_zoo("shop");
  auto& host = start();
  EXPECT_THAT(reason_of("shop"), is_refused_);
  EXPECT_THAT(mortise({"list"}).out, HasSubstr("set `fill_proxy`"));
  prefix_.enable("currency");
  host.wait_for_state("shop", "active");
  EXPECT_EQ(host.get("/shop").body, "42 EUR");
}

TEST_F(IsolatedContractsTest, SoIsOneThatIsItselfInAnother) {
  prefix_.add_zoo("shop");
  prefix_.place("inline");
  prefix_.add_zoo("currency-1.0", "currency");
  auto& host = start();
  EXPECT_THAT(reason_of("shop"), is_refused_);
  prefix_.enable("shop");
  host.wait_for_state("shop", "active");
  EXPECT_EQ(host.get("/shop").body, "42 EUR");
}

TEST_F(IsolatedContractsTest, AProviderThatTakesNoCallsOfOtherProcessesIsLeftOut) {
  prefix_.add_zoo("currency-1.0", "currency");
  prefix_.add_zoo("bank-1.0", "bank");
  prefix_.add_zoo("quotes");
  auto& host = start();
  EXPECT_EQ(host.get("/quotes").body, "bank 42");
  EXPECT_THAT(host.wait_for_log("a contract is not used")["reason"].get<std::string>(),
              AllOf(HasSubstr("'currency' 1.0.0 provides it in another process, and takes no calls from there"),
                    HasSubstr("have the provider set `dispatch`")));
}

TEST_F(IsolatedContractsTest, AConsumersProcessComesBackToItsProviders) {
  prefix_.add_zoo("bank-1.0", "bank");
  prefix_.add_zoo("quotes");
  auto& host = start();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(host.get("/quotes").body, "bank 42");
    kill_worker("quotes");
  }
  EXPECT_EQ(host.get("/quotes").body, "bank 42");
  EXPECT_EQ(status_of("bank")["worker"]["restarts"], 0);
}

}  // namespace
}  // namespace mortise::integration
