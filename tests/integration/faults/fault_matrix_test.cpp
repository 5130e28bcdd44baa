// The fault matrix, column inline: one table. A fault that is not contained is mended in the host, and not here.
#include <vector>

#include "faults/fault_test.hpp"
#include "support/footprint.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;

/// By one request to the route of that name.
std::function<std::string(FaultTest&)> by_url(const std::string& name) {
  return [path = "/chaos/" + name](FaultTest& test) { return test.ask(path); };
}

std::string take_all_of_a_large_answer(FaultTest& test) {
  const auto answer = test.host().get("/chaos/answers-100-megabytes");
  return std::to_string(answer.status) + (answer.body.size() == 100'000'000 ? ", all of it" : ", not all of it");
}

std::string leak_descriptors(FaultTest& test) {
  const auto before = Footprint::of(test.host().process()).descriptors;
  const auto answer = test.ask("/chaos/leaks-descriptors");
  const auto leaked = Footprint::of(test.host().process()).descriptors - before;
  // Connections come and go meanwhile.
  return answer + (leaked > 90 && leaked < 110 ? ", and the host has 100 descriptors fewer" : ", and nothing is lost");
}

/// Until so many generations have retired, whose image stays.
void wait_until_left_mapped(const FaultTest& test, int count) {
  test.host().wait_for_status([count](const json& status) { return status["left_mapped"]["count"] == count; });
}

std::string wait_for_the_end_of_a_stream(FaultTest& test) {
  const auto got = test.ask_without_end("/chaos/never-finishes", [&] {
    test.disable_chaos();
    test.host().wait_for_plugin("chaos", [](const json& plugin) { return plugin["reason"] != ""; });
  });
  return got + " when the plugin is stopped";
}

std::string replace_by_one_with_a_broken_route(FaultTest& test) {
  test.configure_chaos({{"broken_route", true}});
  const auto failed = test.host().wait_for_state("chaos", "failed");
  EXPECT_THAT(failed["reason"].get<std::string>(), ::testing::HasSubstr("chaos/{"));
  return test.ask("/chaos/well") + " from the generation before";
}

std::string replace_one_whose_thread_runs_on(FaultTest& test) {
  test.configure_chaos({{"runs_on", true}});
  wait_until_left_mapped(test, 1);  // the generation before
  const auto answer = test.ask("/chaos/well");
  test.disable_chaos();
  wait_until_left_mapped(test, 2);
  return answer;
}

const std::vector<Fault>& table() {
  static const std::string kOneIsLate = "degraded: 1 handler runs on past the deadline, 1 failed";
  static const std::string kLost = "serves on; its threads are lost until the host is restarted";
  static const std::vector<Fault> kTable{
      {"ThrowsException",
       "throws a `std::exception`",
       by_url("throws-exception"),
       {"500 at once", "nothing", "active, 1 failed", "serves on"}},
      {"ThrowsInt",
       "throws an `int`",
       by_url("throws-int"),
       {"500 at once", "nothing", "active, 1 failed", "serves on"}},
      {"ReturnsGarbage",
       "returns a status that there is none of",
       by_url("returns-garbage"),
       {"500 at once", "nothing", "active, 1 failed", "serves on"}},
      {"AnswersWithStatus99",
       "answers with an HTTP status that there is none of",
       by_url("answers-with-status-99"),
       {"500 at once", "nothing", "active, 1 failed", "serves on"}},
      {"AnswersNothing",
       "returns without an answer",
       by_url("answers-nothing"),
       {"500 at once", "nothing", "active, 1 failed", "serves on"}},
      {"AddsARouteLate",
       "adds a route while it serves",
       by_url("adds-a-route-late"),
       {"500 at once", "nothing", "active, 1 failed", "serves on"}},
      {"LoopsForEver", "loops for ever", by_url("loops"), {"504 at its deadline", "nothing", kOneIsLate, kLost}, true},
      {"SleepsForEver",
       "sleeps for ever",
       by_url("sleeps"),
       {"504 at its deadline", "nothing", kOneIsLate, kLost},
       true},
      {"DeadlocksWithItself",
       "deadlocks with itself",
       by_url("deadlocks"),
       {"504 at its deadline", "nothing", kOneIsLate, kLost},
       true},
      {"AllItsHandlersSleep",
       "100 of its handlers sleep for ever",
       [](FaultTest& test) { return test.ask_many("/chaos/sleeps", 100); },
       {"503, 504 at its deadline", "nothing",
        "degraded: its circuit is open: N of N requests failed; it is tried again in N s. N handlers run on past the "
        "deadline, N failed",
        kLost},
       true},
      {"LeaksDescriptors",
       "opens 100 files and closes none",
       leak_descriptors,
       {"200 at once, and the host has 100 descriptors fewer", "nothing", "active", "serves on"}},
      {"AnswersWith100Megabytes",
       "answers with 100 MB",
       take_all_of_a_large_answer,
       {"200, all of it", "nothing", "active", "serves on"}},
      {"NeverFinishesAStream",
       "never finishes a stream",
       wait_for_the_end_of_a_stream,
       {"200 at once, cut when the plugin is stopped", "nothing", "stopping: did not drain within its stop timeout",
        "the host serves on"}},
      {"FloodsTheLog",
       "writes 100,000 lines of log at once",
       by_url("floods-the-log"),
       {"200 at once", "nothing", "active, N lines of log dropped", "serves on"}},
      {"HasABrokenRoute",
       "is replaced by one that registers a broken route",
       replace_by_one_with_a_broken_route,
       {"200 at once from the generation before", "nothing", "active; failed, 1 image left mapped", "serves on"}},
      {"ItsThreadRunsOn",
       "a thread of its own runs on when it is stopped (`\"unload\": false`)",
       replace_one_whose_thread_runs_on,
       {"200 at once", "nothing", "not there, 2 images left mapped", "the host serves on"}},
  };
  return kTable;
}

TEST_P(FaultTest, StaysThePluginsOwn) { expect_outcome(GetParam(), table().at(GetParam())); }

INSTANTIATE_TEST_SUITE_P(Inline, FaultTest, ::testing::Range(std::size_t{0}, table().size()),
                         [](const auto& of) { return std::string(table().at(of.param).name); });

}  // namespace
}  // namespace mortise::integration
