// What moves come to, worked out from made-up calls and costs.
#include "cli/advice.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/advice_text.hpp"

namespace mortise::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Document = nlohmann::ordered_json;

// To isolated and back costs 10 us, 20 of the processor; to another host 40 and 50.
constexpr CrossingCosts kCosts{.isolated = {.wall_us = 10, .processor_us = 20},
                               .remote = {.wall_us = 40, .processor_us = 50}};

Document plugin(const char* name, const char* placement, unsigned requests) {
  return {{"name", name}, {"version", "1.0.0"}, {"placement", placement}, {"requests", requests}};
}
Document calls(const char* consumer, const char* provider, unsigned count) {
  return {{"consumer", consumer},
          {"provider", provider},
          {"contract", "zoo/1"},
          {"methods", Document::array({{{"name", "ask"},
                                        {"calls", count},
                                        {"failures", 0U},
                                        {"time_ns", count * 2000U},
                                        {"request_bytes", count * 40U},
                                        {"reply_bytes", count * 20U}}})}};
}

/// Two seconds in which "front" has had a thousand requests, each with four calls of "middle", which makes one of "end"
/// for each; "end" is in another place each time.
Document observe(const char* placement_of_end = "inline") {
  return {
      {"window_ms", 2000U},
      {"ended_early", ""},
      {"requests", 1000U},
      {"plugins", Document::array({plugin("end", placement_of_end, 0), plugin("front", "inline", 1000),
                                   plugin("idle", "inline", 0), plugin("middle", "isolated", 0)})},
      {"calls", Document::array({calls("front", "middle", 4000), calls("middle", "end", 4000)})},
      {"not_counted",
       Document::array({{{"consumer", "front"}, {"provider", "old"}, {"contract", "zoo/1"}, {"reason", "no proxy"}}})}};
}

const Move& move_of(const Advice& advice, std::size_t plugin, std::size_t number) {
  return advice.plugins.at(plugin).moves.at(number);
}

TEST(Advice, TellsHowOftenAndHowLongPluginsAreCalled) {
  const auto advice = advise(observe(), kCosts);
  EXPECT_EQ(advice.requests, 1000U);
  EXPECT_EQ(advice.calls, 8000U);
  ASSERT_EQ(advice.plugins.size(), 4U);
  const auto& middle = advice.plugins[3];
  EXPECT_EQ(middle.name, "middle");
  EXPECT_DOUBLE_EQ(middle.in.per_s, 2000);
  EXPECT_DOUBLE_EQ(middle.in.per_request, 4);
  EXPECT_DOUBLE_EQ(middle.in.mean_us, 2);
  EXPECT_DOUBLE_EQ(middle.out.per_s, 2000);
  EXPECT_DOUBLE_EQ(advice.plugins[1].requests_per_s, 500);
}

TEST(Advice, ACallCrossesOnceForEachSideThatIsIsolated) {
  const auto advice = advise(observe(), kCosts);
  // end: its 4000 calls would cross once more.
  EXPECT_EQ(move_of(advice, 0, 0).to, "isolated");
  EXPECT_DOUBLE_EQ(move_of(advice, 0, 0).processor_ms_per_s, 40);
  EXPECT_DOUBLE_EQ(move_of(advice, 0, 0).latency_us_per_request, 40);
  // front: so would its calls, and its own requests.
  EXPECT_DOUBLE_EQ(move_of(advice, 1, 0).processor_ms_per_s, 50);
  EXPECT_DOUBLE_EQ(move_of(advice, 1, 0).latency_us_per_request, 50);
  // middle: what it costs to be isolated is saved, for calls into it and out of it.
  EXPECT_EQ(move_of(advice, 3, 0).to, "inline");
  EXPECT_DOUBLE_EQ(move_of(advice, 3, 0).processor_ms_per_s, -80);
  EXPECT_DOUBLE_EQ(move_of(advice, 3, 0).latency_us_per_request, -80);
}

TEST(Advice, AnotherHostCostsARequestForEachCallIntoThePlugin) {
  const auto advice = advise(observe(), kCosts);
  EXPECT_EQ(move_of(advice, 0, 1).to, "remote");
  EXPECT_DOUBLE_EQ(move_of(advice, 0, 1).processor_ms_per_s, 100);
  EXPECT_DOUBLE_EQ(move_of(advice, 0, 1).latency_us_per_request, 160);
  EXPECT_THAT(move_of(advice, 1, 1).verdict,
              AllOf(HasSubstr("what it calls must run there, too"), HasSubstr("its users must go there")));
  const auto back = advise(observe("remote"), kCosts);
  EXPECT_EQ(move_of(back, 0, 0).to, "inline");
  EXPECT_DOUBLE_EQ(move_of(back, 0, 0).processor_ms_per_s, -100);
  EXPECT_DOUBLE_EQ(move_of(back, 0, 1).processor_ms_per_s, -60);
}

TEST(Advice, JudgesInPlainWords) {
  const auto advice = advise(observe(), kCosts);
  EXPECT_EQ(move_of(advice, 0, 0).verdict, "costs 4.00 % of a core: do it where there is a reason");
  EXPECT_THAT(move_of(advice, 0, 1).verdict, HasSubstr("dear: 10.0 % of a core for crossings alone"));
  EXPECT_EQ(move_of(advice, 3, 0).verdict, "saves 8.00 % of a core");
  EXPECT_TRUE(advice.plugins[2].moves.empty());
  EXPECT_EQ(advice.plugins[2].verdict, "no calls in 2.00 s; let users use it and ask again");
  auto much = observe();
  much["window_ms"] = 50U;
  EXPECT_THAT(move_of(advise(much, kCosts), 0, 0).verdict, HasSubstr("dear: 1.60 cores for crossings alone"));
  auto little = observe();
  little["window_ms"] = 600'000U;
  EXPECT_EQ(move_of(advise(little, kCosts), 0, 0).verdict, "costs little: less than 0.1 % of a core");
}

TEST(Advice, WithoutRequestsThereIsNothingPerRequest) {
  auto observation = observe();
  observation["requests"] = 0U;
  observation["plugins"][1]["requests"] = 0U;
  const auto advice = advise(observation, kCosts);
  EXPECT_DOUBLE_EQ(advice.plugins[3].in.per_request, 0);
  EXPECT_DOUBLE_EQ(move_of(advice, 0, 0).latency_us_per_request, 0);
  EXPECT_DOUBLE_EQ(move_of(advice, 0, 0).processor_ms_per_s, 40);
}

TEST(Advice, AnEmptyAnswerIsNoAdvice) {
  const auto advice = advise(Document::object(), kCosts);
  EXPECT_TRUE(advice.plugins.empty());
  EXPECT_GT(advice.window_s, 0);
}

TEST(AdviceText, OfOnePluginHasItsMethodsAndWhoCouldNotBeCounted) {
  std::ostringstream out;
  auto advice = advise(observe(), kCosts);
  advice.plugins = {advice.plugins[1]};
  print_advice(advice, kCosts, observe(), "front", out);
  EXPECT_THAT(out.str(),
              AllOf(HasSubstr("observed for 2.00 s: 1000 requests, 8000 calls between plugins\n"),
                    HasSubstr("a call into another process takes at least 10.0 us, 20.0 us of processor time\n"),
                    HasSubstr("front   isolated  +50.0 ms/s  +50.0 us"),
                    HasSubstr("front     middle    zoo/1     ask     2000     2.00 us    0       40.0       20.0"),
                    HasSubstr("not counted: calls of zoo/1 from 'front' to 'old': no proxy"),
                    HasSubstr("An estimate from floors")));
  EXPECT_THAT(out.str(), Not(HasSubstr("idle")));
}

TEST(AdviceText, NumbersHaveTheDigitsOfAnEstimate) {
  EXPECT_EQ(rounded(0), "0");
  EXPECT_EQ(rounded(0.0123), "0.012");
  EXPECT_EQ(rounded(1.234), "1.23");
  EXPECT_EQ(rounded(-12.34), "-12.3");
  EXPECT_EQ(rounded(1234.5), "1234");
}

}  // namespace
}  // namespace mortise::cli
