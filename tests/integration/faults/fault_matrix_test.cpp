// The fault matrix: what is contained in the host process, too. A fault that is not is mended in the host, and not
// here.
#include <vector>

#include "faults/fault_test.hpp"
#include "support/footprint.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;

std::string take_all_of_a_large_answer(FaultTest& test) {
  const auto answer = test.host().get("/chaos/answers-100-megabytes");
  return std::to_string(answer.status) + (answer.body.size() == 100'000'000 ? ", all of it" : ", not all of it");
}

std::string leak_descriptors(FaultTest& test) {
  const auto before = Footprint::of(test.host().process()).descriptors;
  const auto answer = test.ask("/chaos/leaks-descriptors");
  const auto leaked = Footprint::of(test.host().process()).descriptors - before;
  // Connections come and go meanwhile.
  return answer + (leaked > 90 && leaked < 110 ? ", and the host has 100 descriptors fewer"
                                               : ", and the host has all its descriptors");
}

/// Until so many generations have retired, whose image stays.
void wait_until_left_mapped(const FaultTest& test, int count) {
  test.host().wait_for_status([count](const json& status) { return status["left_mapped"]["count"] == count; });
}

/// In the host process the handler's thread is left behind, which the status tells until the host ends.
std::string wait_for_the_end_of_a_stream(FaultTest& test) {
  const auto got = test.ask_without_end("/chaos/never-finishes", [&] {
    test.disable_chaos();
    if (test.is_isolated()) return test.host().wait_until_gone("chaos");
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

/// In the host process an image under which a thread may run stays; a process that ends takes everything with it.
std::string replace_one_whose_thread_runs_on(FaultTest& test) {
  const auto before = test.host().wait_for_state("chaos", "active")["generation"];
  test.configure_chaos({{"runs_on", true}});
  test.host().wait_for_plugin("chaos", [&](const json& plugin) { return plugin["generation"] != before; });
  if (!test.is_isolated()) wait_until_left_mapped(test, 1);  // the generation before
  const auto answer = test.ask("/chaos/well");
  test.disable_chaos();
  if (!test.is_isolated()) wait_until_left_mapped(test, 2);
  test.host().wait_until_gone("chaos");
  return answer;
}

/// The same in both columns.
Fault fails(const char* name, const char* title, const char* url) {
  const Outcome outcome{"500 at once", "nothing", "active, 1 failed", "serves on"};
  return {name, title, FaultTest::by_url(url), outcome, outcome};
}

Fault never_returns(const char* name, const char* title, const char* url) {
  const Outcome outcome{"504 at its deadline", "nothing", "degraded: 1 handler runs on past the deadline, 1 failed",
                        "serves on; its threads are lost until the host is restarted"};
  auto isolated = outcome;
  isolated.recovery = "serves on; its threads are lost until it gets another process";
  return {name, title, FaultTest::by_url(url), outcome, isolated, true};
}

Fault goes_on(const char* name, const char* title, std::function<std::string(FaultTest&)> provoke,
              const Outcome& outcome) {
  return {name, title, std::move(provoke), outcome, outcome};
}

const std::vector<Fault>& table() {
  static const std::vector<Fault> kTable{
      fails("ThrowsException", "throws a `std::exception`", "throws-exception"),
      fails("ThrowsInt", "throws an `int`", "throws-int"),
      fails("ReturnsGarbage", "returns a status that there is none of", "returns-garbage"),
      fails("AnswersWithStatus99", "answers with an HTTP status that there is none of", "answers-with-status-99"),
      fails("AnswersNothing", "returns without an answer", "answers-nothing"),
      fails("AddsARouteLate", "adds a route while it serves", "adds-a-route-late"),
      never_returns("LoopsForEver", "loops for ever", "loops"),
      never_returns("SleepsForEver", "sleeps for ever", "sleeps"),
      never_returns("DeadlocksWithItself", "deadlocks with itself", "deadlocks"),
      {"AllItsHandlersSleep", "100 of its handlers sleep for ever",
       [](FaultTest& test) { return test.ask_many("/chaos/sleeps", 100); },
       Outcome{"503, 504 at its deadline", "nothing",
               "degraded: its circuit is open: N of N requests failed; it is tried again in N s. N handlers run on "
               "past the deadline, N failed",
               "serves on; its threads are lost until the host is restarted"},
       Outcome{"504 at its deadline", "nothing",
               "degraded: its circuit is open: N of N requests failed; it is tried again in N s, N failed, started "
               "anew: its process was killed: handlers hold all of its threads, past their deadlines",
               "serves on, in another process", true},
       true},
      {"LeaksDescriptors", "opens 100 files and closes none", leak_descriptors,
       Outcome{"200 at once, and the host has 100 descriptors fewer", "nothing", "active", "serves on"},
       Outcome{"200 at once, and the host has all its descriptors", "nothing", "active", "serves on"}},
      goes_on("AnswersWith100Megabytes", "answers with 100 MB", take_all_of_a_large_answer,
              {"200, all of it", "nothing", "active", "serves on"}),
      {"NeverFinishesAStream", "never finishes a stream", wait_for_the_end_of_a_stream,
       Outcome{"200 at once, cut when the plugin is stopped", "nothing",
               "stopping: did not drain within its stop timeout", "the host serves on"},
       Outcome{"200 at once, cut when the plugin is stopped", "nothing", "not there", "the host serves on"}},
      goes_on("FloodsTheLog", "writes 20,000 lines of log at once", FaultTest::by_url("floods-the-log"),
              {"200 at once", "nothing", "active, N lines of log dropped", "serves on"}),
      {"HasABrokenRoute", "is replaced by one that registers a broken route", replace_by_one_with_a_broken_route,
       Outcome{"200 at once from the generation before", "nothing", "active; failed, 1 image left mapped", "serves on"},
       Outcome{"200 at once from the generation before", "nothing", "active; failed", "serves on"}},
      {"ItsThreadRunsOn", "a thread of its own runs on when it is stopped (`\"unload\": false`)",
       replace_one_whose_thread_runs_on,
       Outcome{"200 at once", "nothing", "not there, 2 images left mapped", "the host serves on"},
       Outcome{"200 at once", "nothing", "not there", "the host serves on"}},
  };
  return kTable;
}

INSTANTIATE_TEST_SUITE_P(Inline, FaultTest, ::testing::ValuesIn(cells_of(table(), 0, Placement::in_host)),
                         [](const auto& of) { return std::string(of.param.fault->name); });
INSTANTIATE_TEST_SUITE_P(Isolated, FaultTest, ::testing::ValuesIn(cells_of(table(), 0, Placement::in_worker)),
                         [](const auto& of) { return std::string(of.param.fault->name); });

}  // namespace
}  // namespace mortise::integration
