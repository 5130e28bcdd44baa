// The fault matrix, column inline, as far as it ends the host process.
#include <Poco/Exception.h>

#include <vector>

#include "faults/fault_test.hpp"

namespace mortise::integration {
namespace {

// Behind the rows of those that do not.
constexpr std::size_t kFirstPlace = 50;

class CrashFaultTest : public FaultTest {};

std::function<std::string(FaultTest&)> by_url(const std::string& name) {
  return [path = "/chaos/" + name](FaultTest& test) -> std::string {
    try {
      return test.ask(path);
    } catch (const Poco::Exception&) {
      return "no answer: the connection is cut";
    }
  };
}

const std::vector<Fault>& table() {
  // By default; `on_crash` may say otherwise.
  static const Outcome kLeftOut{"no answer: the connection is cut", "those inside are cut; nobody is refused",
                                "quarantined", "the host serves on"};
  // Nobody can tell who was at work.
  static const Outcome kRestart{"no answer: the connection is cut", "those inside are cut; nobody is refused", "active",
                                "serves on"};
  static const std::vector<Fault> kTable{
      {"WritesToNowhere", "writes through a null pointer", by_url("writes-to-nowhere"), kLeftOut},
      {"Aborts", "calls `abort`", by_url("aborts"), kLeftOut},
      {"Asserts", "fails an `assert`", by_url("asserts"), kLeftOut},
      {"DividesByZero", "divides by zero", by_url("divides-by-zero"), kLeftOut},
      {"OverflowsTheStack", "overflows its stack", by_url("overflows-the-stack"), kLeftOut},
      {"FreesTwice", "frees memory twice", by_url("frees-twice"), kLeftOut},
      {"Exits", "calls `exit`", by_url("exits"), kLeftOut},
      {"ExitsQuickly", "calls `quick_exit`", by_url("exits-quickly"), kLeftOut},
      {"KillsItself", "sends itself SIGKILL", by_url("kills-itself"), kRestart},
  };
  return kTable;
}

TEST_P(CrashFaultTest, EndsTheHostProcessAndTheNextOneServes) {
  expect_restart(kFirstPlace + GetParam(), table().at(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Inline, CrashFaultTest, ::testing::Range(std::size_t{0}, table().size()),
                         [](const auto& of) { return std::string(table().at(of.param).name); });

}  // namespace
}  // namespace mortise::integration
