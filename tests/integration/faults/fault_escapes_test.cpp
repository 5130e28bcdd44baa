// The fault matrix: what reaches for more than is the plugin's. In the host process nothing keeps it from that.
#include <sys/resource.h>

#include <fstream>
#include <vector>

#include "faults/fault_test.hpp"

namespace mortise::integration {
namespace {

// Behind the rows of what is contained everywhere.
constexpr std::size_t kFirstPlaceOfEscapes = 30;

/// What RLIMIT_DATA counts.
std::uint64_t data_bytes_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; file >> word;) {
    if (word != "VmData:") continue;
    std::uint64_t kib = 0;
    file >> kib;
    return kib << 10U;
  }
  throw std::runtime_error("process " + std::to_string(pid) + " tells nothing of its memory");
}

/// The host process gets a limit as a service manager sets one: what it has, and 256 MiB.
/// Unused in sanitized builds, which leave its row out.
[[maybe_unused]] std::string allocate_without_end(FaultTest& test) {
  const auto pid = test.host().process();
  if (!test.is_isolated()) {
    const rlim_t bytes = data_bytes_of(pid) + (std::uint64_t{256} << 20U);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = bytes};
    EXPECT_EQ(::prlimit(pid, RLIMIT_DATA, &limit, nullptr), 0);
  }
  return test.ask("/chaos/allocates-for-ever");
}

std::string open_a_foreign_file(FaultTest& test) {
  return test.attempt("/chaos/opens-a-foreign-file?path=" + test.config_file().string());
}

std::string connect_out(FaultTest& test) {
  return test.attempt("/chaos/connects-out?port=" + std::to_string(test.host().port()));
}

/// Whether an answer gets through depends on whether the host is just awake: the process is only told of its loss when
/// it has to wake the host.
std::string close_descriptors(FaultTest& test) {
  const auto is_expected = ::testing::AnyOf("200 at once", "503 at once");
  EXPECT_THAT(test.ask("/chaos/closes-descriptors"), is_expected);
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (test.has_process() && test.restarts() == 0 && std::chrono::steady_clock::now() < limit) {
    EXPECT_THAT(test.ask("/chaos/well"), is_expected);
  }
  return "200 or 503 at once";
}

std::string call_in_a_circle(FaultTest& test) {
  test.add_partner();
  return FaultTest::by_url("calls-in-a-circle")(test);
}

const std::vector<Fault>& table_of_escapes() {
  static const Outcome kRefused{"200 at once, and it has been refused: Operation not permitted", "nothing", "active",
                                "serves on"};
  static const Outcome kHasItsWay{"200 at once, and it has its way", "nothing", "active", "serves on"};
  static const std::vector<Fault> kTable {
#if !MORTISE_IS_SANITIZED  // whose allocator ends the process where others return null
    {"AllocatesWithoutEnd",
     "allocates without end, where memory is limited",
     allocate_without_end,
     Outcome{"500 at once", "nothing", "active, 1 failed", "serves on"},
     Outcome{"500 at once", "nothing", "active, 1 failed", "serves on"},
     false,
     std::uint64_t{512} << 20U},
#endif
        {"OpensAForeignFile", "opens a file outside its data directory", open_a_foreign_file, kHasItsWay,
         Outcome{"200 at once, and it has been refused: Permission denied", "nothing", "active", "serves on"}},
        {"ConnectsOut", "connects out", connect_out, kHasItsWay, kRefused},
        {"ExecutesAShell", "executes a shell",
         [](FaultTest& test) {
           return test.is_isolated() ? test.attempt("/chaos/executes-a-shell")
                                     : FaultTest::by_url("executes-a-shell")(test);
         },
         Outcome{"no answer: the connection is cut", "those inside are cut; nobody is refused", "active", "serves on",
                 true},
         kRefused},
        {"Forks", "forks without end", [](FaultTest& test) { return test.attempt("/chaos/forks"); }, std::nullopt,
         kRefused},
        {"ClosesDescriptors",
         "closes descriptors that are not its own",
         close_descriptors,
         std::nullopt,
         Outcome{"200 or 503 at once", "nothing", "active, started anew: its process exited with code 1",
                 "serves on, in another process", true},
         false,
         0,
         false},
#if !MORTISE_IS_SANITIZED  // which tells of an overflow in its own way
        {"CallsInACircle", "calls another plugin that calls it, without end", call_in_a_circle,
         Outcome{"no answer: the connection is cut", "those inside are cut; nobody is refused", "quarantined",
                 "the host serves on", true},
         Outcome{"429 at once", "nothing", "active", "serves on"}},
#else
        {"CallsInACircle", "calls another plugin that calls it, without end", call_in_a_circle, std::nullopt,
         Outcome{"429 at once", "nothing", "active", "serves on"}},
#endif
  };
  return kTable;
}

INSTANTIATE_TEST_SUITE_P(InlineEscape, FaultTest,
                         ::testing::ValuesIn(cells_of(table_of_escapes(), kFirstPlaceOfEscapes, Placement::in_host)),
                         [](const auto& of) { return std::string(of.param.fault->name); });
INSTANTIATE_TEST_SUITE_P(IsolatedEscape, FaultTest,
                         ::testing::ValuesIn(cells_of(table_of_escapes(), kFirstPlaceOfEscapes, Placement::in_worker)),
                         [](const auto& of) { return std::string(of.param.fault->name); });

}  // namespace
}  // namespace mortise::integration
