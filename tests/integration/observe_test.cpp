// Calls between plugins of a running host while they are observed: what is counted, and that nobody's request notices.
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "support/load.hpp"
#include "support/placed_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class ObserveTest : public PlacedTest {
 protected:
  /// "quotes", which calls each of two providers once for a request.
  Host& start_quotes() {
    prefix_.add_zoo("bank-1.0", "bank");
    prefix_.add_zoo("visa");
    prefix_.add_zoo("quotes");
    prefix_.drop(zoo_file("good-1.0"));
    prefix_.write_plugin("good", R"({"probation": {"max_p95": "1h"}})");
    return start();
  }
  /// Returns when calls are observed; the answer comes after end().
  std::future<json> observe() {
    auto answer =
        std::async(std::launch::async, [this] { return host_->ask("POST", "/v1/observe", R"({"for_ms": 600000})"); });
    host_->wait_for_log("calls between plugins are observed");
    return answer;
  }
  /// By a release that observations make way for: so they last as long as a test needs, and not a moment longer.
  json end(std::future<json> answer) {
    prefix_.drop(zoo_file("good-1.1"));
    auto seen = answer.get();
    EXPECT_THAT(seen["ended_early"].get<std::string>(), HasSubstr("whose trial limits how long answers take"));
    return seen;
  }

  static std::uint64_t calls_of(const json& seen, const std::string& provider) {
    std::uint64_t calls = 0;
    for (const auto& pair : seen["calls"]) {
      if (pair["provider"] != provider) continue;
      EXPECT_EQ(pair["consumer"], "quotes");
      EXPECT_EQ(pair["contract"], "zoo.currency/1");
      for (const auto& method : pair["methods"]) {
        EXPECT_EQ(method["name"], "convert");
        EXPECT_EQ(method["failures"], 0);
        EXPECT_GT(method["time_ns"], 0);
        calls += method["calls"].get<std::uint64_t>();
      }
    }
    return calls;
  }
};

MORTISE_BOTH_PLACEMENTS(ObserveTest);

TEST_P(ObserveTest, CountsEachCallThatWasMadeAndNoOther) {
  constexpr unsigned kThreads = 4;
  constexpr unsigned kRequests = 50;
  auto& host = start_quotes();
  EXPECT_EQ(host.get("/quotes").body, "visa 63, bank 42");
  auto answer = observe();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i) {
    threads.emplace_back([&host] {
      auto client = host.connect();
      for (unsigned request = 0; request < kRequests; ++request) {
        EXPECT_EQ(client.get("/quotes").body, "visa 63, bank 42");
      }
      // Answered when all before it is over, and nobody's.
      EXPECT_EQ(client.get("/nothing").status, 404);
    });
  }
  for (auto& thread : threads) thread.join();
  const auto seen = end(std::move(answer));
  EXPECT_EQ(calls_of(seen, "bank"), kThreads * kRequests);
  EXPECT_EQ(calls_of(seen, "visa"), kThreads * kRequests);
  EXPECT_EQ(seen["requests"], kThreads * kRequests);
  EXPECT_THAT(seen["not_counted"], json::array());
  for (const auto& plugin : seen["plugins"]) {
    EXPECT_EQ(plugin["requests"], plugin["name"] == "quotes" ? kThreads * kRequests : 0U);
    EXPECT_EQ(plugin["placement"], plugin["name"] == "good" ? "inline" : GetParam());
  }
}

TEST_P(ObserveTest, NobodyNoticesThatItBeginsOrEndsOrThatProvidersAreReplacedMeanwhile) {
  constexpr unsigned kConnections = 4;
  auto& host = start_quotes();
  const auto judge = [](const Answer& answer) {
    return answer.body == "visa 63, bank 42" ? std::string() : "got " + answer.body;
  };
  Load load(host, "/quotes", judge, kConnections);
  load.wait_for_more(50);
  auto answer = observe();
  load.wait_for_more(50);
  prefix_.drop(zoo_file("bank-1.1"));
  host.wait_for_version("bank", "1.1.0");
  load.wait_for_more(50);
  const auto seen = end(std::move(answer));
  load.wait_for_more(50);
  load.end();
  EXPECT_EQ(load.fault(), "");
  // Each request that was observed has called both, but for those that were just inside when the counts were read.
  const auto bank = calls_of(seen, "bank");
  const auto visa = calls_of(seen, "visa");
  EXPECT_GE(bank, 100U - kConnections);
  EXPECT_LE(bank, visa);
  EXPECT_LE(visa, bank + kConnections);
  EXPECT_GE(seen["requests"], 100U - kConnections);
  EXPECT_EQ(host.ask("GET", "/v1/history")["entries"].size(), 3U) << "the start and two upgrades";
}

TEST_P(ObserveTest, IsNoReleaseAndComesToAnEndByItself) {
  auto& host = start_quotes();
  const auto running = [&] {
    auto status = host.ask("GET", "/v1/status");
    std::vector<std::string> generations{status["release"].dump()};
    for (const auto& plugin : status["plugins"]) {
      generations.push_back(plugin["name"].get<std::string>() + plugin["generation"].dump() + plugin["state"].dump());
    }
    return generations;
  };
  const auto before = running();
  const auto seen = host.ask("POST", "/v1/observe", R"({"for_ms": 100})");
  EXPECT_GE(seen["window_ms"], 100);
  EXPECT_EQ(seen["ended_early"], "");
  EXPECT_EQ(running(), before);
  EXPECT_EQ(host.get("/quotes").body, "visa 63, bank 42");
  const auto again = host.ask("POST", "/v1/observe", R"({"for_ms": 100})");
  EXPECT_EQ(again["requests"], 0) << "what came in between was not counted";
}

TEST_P(ObserveTest, AdviseAsksTheHostAndTellsOfItsPlugins) {
  start_quotes();
  const auto asked = mortise({"advise", "bank", "--for", "100ms"});
  EXPECT_EQ(asked.code, 0) << asked.err;
  EXPECT_THAT(asked.out, HasSubstr("bank    -      -          -          no calls in 0."));
}

TEST_P(ObserveTest, AStopOfTheHostEndsIt) {
  auto& host = start_quotes();
  auto answer = observe();
  EXPECT_EQ(host.stop(), 0);
  EXPECT_ANY_THROW(answer.get()) << "the host is stopping";
}

}  // namespace
}  // namespace mortise::integration
