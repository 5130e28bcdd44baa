// The fault matrix: what ends the process that it happens in.
#include <string>
#include <vector>

#include "faults/fault_test.hpp"

namespace mortise::integration {
namespace {

// Behind the rows of those that do not.
constexpr std::size_t kFirstPlaceOfCrashes = 50;

/// `end`: as it is told of a process that the plugin has of its own.
Fault crashes(const char* name, const char* title, const char* url, const std::string& end) {
  return {name, title, FaultTest::by_url(url),
          // Left out until it is pardoned, as `on_crash` says here.
          Outcome{"no answer: the connection is cut", "those inside are cut; nobody is refused", "quarantined",
                  "the host serves on", true},
          Outcome{"503 at once", "nothing", "active, 1 failed, started anew: its process " + end,
                  "serves on, in another process", true}};
}

const std::vector<Fault>& table_of_crashes() {
  static const std::vector<Fault> kTable = [] {
    std::vector<Fault> table{
        crashes("WritesToNowhere", "writes through a null pointer", "writes-to-nowhere", "was killed by SIGSEGV"),
        crashes("Aborts", "calls `abort`", "aborts", "was killed by SIGABRT"),
        crashes("Asserts", "fails an `assert`", "asserts", "was killed by SIGABRT"),
        crashes("DividesByZero", "divides by zero", "divides-by-zero", "was killed by SIGFPE"),
        crashes("OverflowsTheStack", "overflows its stack", "overflows-the-stack", "was killed by SIGSEGV"),
        crashes("FreesTwice", "frees memory twice", "frees-twice", "was killed by SIGABRT"),
        crashes("Exits", "calls `exit`", "exits", "exited with code 0"),
        crashes("ExitsQuickly", "calls `quick_exit`", "exits-quickly", "exited with code 0"),
        crashes("KillsItself", "sends itself SIGKILL", "kills-itself", "was killed by SIGKILL"),
    };
    // Nobody can tell who was at work.
    table.back().in_host->status = "active";
    table.back().in_host->recovery = "serves on";
    return table;
  }();
  return kTable;
}

INSTANTIATE_TEST_SUITE_P(InlineCrash, FaultTest,
                         ::testing::ValuesIn(cells_of(table_of_crashes(), kFirstPlaceOfCrashes, Placement::in_host)),
                         [](const auto& of) { return std::string(of.param.fault->name); });
INSTANTIATE_TEST_SUITE_P(IsolatedCrash, FaultTest,
                         ::testing::ValuesIn(cells_of(table_of_crashes(), kFirstPlaceOfCrashes, Placement::in_worker)),
                         [](const auto& of) { return std::string(of.param.fault->name); });

}  // namespace
}  // namespace mortise::integration
