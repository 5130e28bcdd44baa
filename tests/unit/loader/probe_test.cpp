// The probe as its parent sees it: a process that loads an image and ends.
#include "loader/probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/process.hpp"

namespace mortise::loader {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using How = base::ProcessEnd::How;

base::ProcessEnd probe(const std::string& name, std::chrono::milliseconds limit = 60s) {
  return base::run_process({MORTISE_PROBE_RUNNER, "probe", MORTISE_ZOO "/" + name + ".so"}, limit).value();
}

TEST(Probe, PassesWhatLoadsAndReturnsATable) {
  for (const auto* name : {"good-1.0", "gnu-unique", "init-fails", "init-throws", "init-hangs"}) {
    const auto end = probe(name);
    EXPECT_EQ(end.how, How::exited) << name << end.output;
    EXPECT_EQ(end.code, 0) << name << end.output;
  }
}

TEST(Probe, SaysWhyAnImageIsRefused) {
  const auto end = probe("entry-returns-null");
  EXPECT_EQ(end.code, 3);
  EXPECT_THAT(end.output, HasSubstr("returned no table"));
  EXPECT_EQ(probe("does-not-exist").code, 3);
}

TEST(Probe, DiesInTheParentsPlaceOfACrash) {
  const auto end = probe("constructor-crashes");
#if MORTISE_IS_SANITIZED
  EXPECT_NE(end.code, 0);  // a sanitizer catches the signal, reports and exits
#else
  EXPECT_EQ(end.describe(), "was killed by SIGSEGV");
#endif
}

TEST(Probe, HangsInTheParentsPlace) { EXPECT_EQ(probe("constructor-hangs", 300ms).how, How::timed_out); }

TEST(Probe, DoesNotPassAConstructorThatThrows) {
  const auto end = probe("constructor-throws");
  EXPECT_NE(end.code, 0);
  EXPECT_THAT(end.output, HasSubstr("thrown while loading"));
}

}  // namespace
}  // namespace mortise::loader
