#include <gtest/gtest.h>

#include "manifest/version.hpp"

namespace mortise::manifest {
namespace {

struct Case {
  const char* range;
  std::vector<const char*> inside;
  std::vector<const char*> outside;
};

class RangeForms : public ::testing::TestWithParam<Case> {};

TEST_P(RangeForms, ContainWhatTheyShould) {
  const auto range = VersionRange::parse(GetParam().range);
  ASSERT_TRUE(range) << range.error().message;
  for (const auto* text : GetParam().inside) EXPECT_TRUE(range->contains(Version::parse(text).value())) << text;
  for (const auto* text : GetParam().outside) EXPECT_FALSE(range->contains(Version::parse(text).value())) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Range, RangeForms,
    ::testing::Values(
        Case{"*", {"0.0.0", "1.2.3", "99.0.0"}, {"1.0.0-rc.1"}}, Case{"x", {"1.2.3"}, {}},
        Case{"1.2.3", {"1.2.3", "1.2.3+b"}, {"1.2.4", "1.2.3-rc.1"}}, Case{"=1.2.3", {"1.2.3"}, {"1.2.2"}},
        Case{">=1.2 <2", {"1.2.0", "1.99.9"}, {"1.1.9", "2.0.0", "1.3.0-rc.1", "2.0.0-rc.1"}},
        Case{">= 1.2  <  2", {"1.2.0"}, {"2.0.0"}}, Case{">=1.2<2", {"1.2.0"}, {"2.0.0"}},
        Case{">1.2", {"1.3.0"}, {"1.2.0", "1.2.9"}}, Case{">1.2.3", {"1.2.4"}, {"1.2.3"}},
        Case{"<=1.2", {"1.2.0", "1.2.9"}, {"1.3.0"}}, Case{"<=1.2.3", {"1.2.3"}, {"1.2.4"}},
        Case{"<1.2", {"1.1.9"}, {"1.2.0"}}, Case{"1", {"1.0.0", "1.9.9"}, {"0.9.9", "2.0.0"}},
        Case{"1.x", {"1.0.0", "1.9.9"}, {"0.9.9", "2.0.0"}}, Case{"1.2.*", {"1.2.0", "1.2.9"}, {"1.3.0"}},
        Case{"1.x.x", {"1.5.0"}, {"2.0.0"}}, Case{"^1.4", {"1.4.0", "1.9.0"}, {"1.3.9", "2.0.0"}},
        Case{"^1.4.2", {"1.4.2", "1.5.0"}, {"1.4.1", "2.0.0"}}, Case{"^0.2.3", {"0.2.3", "0.2.9"}, {"0.2.2", "0.3.0"}},
        Case{"^0.0.3", {"0.0.3"}, {"0.0.2", "0.0.4"}}, Case{"^0.0", {"0.0.0", "0.0.9"}, {"0.1.0"}},
        Case{"^0", {"0.0.0", "0.9.0"}, {"1.0.0"}}, Case{"^0.0.0", {"0.0.0"}, {"0.0.1"}},
        Case{"~1.4.2", {"1.4.2", "1.4.9"}, {"1.4.1", "1.5.0"}}, Case{"~1.4", {"1.4.0"}, {"1.5.0"}},
        Case{"~1", {"1.9.0"}, {"2.0.0"}}, Case{"1.x || >=2.5 <3", {"1.0.0", "2.5.0"}, {"2.4.9", "3.0.0"}},
        Case{"1.2.3||2.0.0", {"1.2.3", "2.0.0"}, {"1.2.4"}},
        Case{">=1.2.3-rc.1", {"1.2.3-rc.1", "1.2.3-rc.2", "1.2.3", "2.0.0"}, {"1.2.3-beta", "1.2.4-rc.1"}},
        Case{"^1.2.3-rc.1", {"1.2.3-rc.2", "1.2.3", "1.9.0"}, {"1.2.4-rc.1", "2.0.0-rc.1", "2.0.0"}},
        // A prerelease is let in by the side that names it, not by another.
        Case{"1.x || 2.0.0-rc.1", {"2.0.0-rc.1", "1.5.0"}, {"2.0.0-rc.2", "1.5.0-rc.1"}},
        Case{"^999999999999999999", {"999999999999999999.1.0"}, {"1.0.0"}}));

TEST(VersionRange, RefusesWhatItCannotRead) {
  for (const std::string_view text : {"",       " ",
                                      "latest", "1.2.3.4",
                                      "1.x.3",  "<*",
                                      "^*",     "~x",
                                      ">=",     "1 ||",
                                      "|| 1",   "1 |||| 2",
                                      "1 | 2",  "=>1",
                                      "v1",     "1.2-rc",
                                      "1.-1",   "01",
                                      "1,2",    ">>1",
                                      "1..2",   "1000000000000000000"}) {
    EXPECT_FALSE(VersionRange::parse(text)) << text;
  }
  EXPECT_FALSE(VersionRange::parse(std::string(600, '1')));
}

TEST(VersionRange, NamesThePartThatItCannotRead) {
  const auto refused = VersionRange::parse(">=1.0 <lots");
  EXPECT_NE(refused.error().message.find("cannot read '<lots'"), std::string::npos);
  EXPECT_NE(refused.error().message.find("^1.4"), std::string::npos);
}

TEST(VersionRange, ContainsEveryReleaseByDefault) {
  const VersionRange range;
  EXPECT_EQ(range.text(), "*");
  EXPECT_TRUE(range.contains(Version::parse("7.0.0").value()));
  EXPECT_FALSE(range.contains(Version::parse("7.0.0-rc.1").value()));
}

}  // namespace
}  // namespace mortise::manifest
