#include <gtest/gtest.h>

#include "manifest/version.hpp"

namespace mortise::manifest {
namespace {

Version version(std::string_view text) { return Version::parse(text).value(); }

// The lists of semver.org's own regular expression, but for numbers past 18 digits.
TEST(Version, TakesWhatTheStandardTakes) {
  for (const std::string text : {"0.0.4",
                                 "1.2.3",
                                 "10.20.30",
                                 "1.1.2-prerelease+meta",
                                 "1.1.2+meta",
                                 "1.1.2+meta-valid",
                                 "1.0.0-alpha",
                                 "1.0.0-beta",
                                 "1.0.0-alpha.beta",
                                 "1.0.0-alpha.beta.1",
                                 "1.0.0-alpha.1",
                                 "1.0.0-alpha0.valid",
                                 "1.0.0-alpha.0valid",
                                 "1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay",
                                 "1.0.0-rc.1+build.1",
                                 "2.0.0-rc.1+build.123",
                                 "1.2.3-beta",
                                 "10.2.3-DEV-SNAPSHOT",
                                 "1.2.3-SNAPSHOT-123",
                                 "1.0.0",
                                 "2.0.0",
                                 "1.1.7",
                                 "2.0.0+build.1848",
                                 "2.0.1-alpha.1227",
                                 "1.0.0-alpha+beta",
                                 "1.2.3----RC-SNAPSHOT.12.9.1--.12+788",
                                 "1.2.3----R-S.12.9.1--.12+meta",
                                 "1.2.3----RC-SNAPSHOT.12.9.1--.12",
                                 "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
                                 "999999999999999999.0.0",
                                 "1.0.0-0A.is.legal",
                                 "1.0.0-99999999999999999999999"}) {
    const auto parsed = Version::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->to_string(), text);
  }
}

TEST(Version, RefusesWhatTheStandardRefuses) {
  for (const std::string_view text : {"",
                                      "1",
                                      "1.2",
                                      "1.2.3-0123",
                                      "1.2.3-0123.0123",
                                      "1.1.2+.123",
                                      "+invalid",
                                      "-invalid",
                                      "-invalid+invalid",
                                      "-invalid.01",
                                      "alpha",
                                      "alpha.beta",
                                      "alpha.beta.1",
                                      "alpha.1",
                                      "alpha+beta",
                                      "alpha_beta",
                                      "alpha.",
                                      "alpha..",
                                      "beta",
                                      "1.0.0-alpha_beta",
                                      "-alpha.",
                                      "1.0.0-alpha..",
                                      "1.0.0-alpha..1",
                                      "1.0.0-alpha...1",
                                      "01.1.1",
                                      "1.01.1",
                                      "1.1.01",
                                      "1.2.3.DEV",
                                      "1.2-SNAPSHOT",
                                      "1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788",
                                      "1.2-RC-SNAPSHOT",
                                      "-1.0.3-gamma+b7718",
                                      "+justmeta",
                                      "9.8.7+meta+meta",
                                      "9.8.7-whatever+meta+meta",
                                      "1.0.0-",
                                      "1.0.0+",
                                      "1.0.0-+b",
                                      " 1.0.0",
                                      "1.0.0 ",
                                      "v1.0.0",
                                      "1..0",
                                      "1.0.0-a.",
                                      "1.0.0+a."}) {
    EXPECT_FALSE(Version::parse(text)) << text;
  }
}

TEST(Version, RefusesNumbersAndTextsWithoutMeasure) {
  EXPECT_FALSE(Version::parse("1000000000000000000.0.0"));
  EXPECT_FALSE(Version::parse("1.0.0-" + std::string(300, 'a')));
}

TEST(Version, SaysWhatToWrite) {
  const auto refused = Version::parse("1.2");
  EXPECT_NE(refused.error().message.find("'1.2'"), std::string::npos);
  EXPECT_NE(refused.error().message.find("1.4.0"), std::string::npos);
}

// Item 11 of the standard.
TEST(Version, FollowsTheStandardsPrecedence) {
  const std::vector<std::string> ascending{"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                           "1.0.0-beta",  "1.0.0-beta.2",  "1.0.0-beta.11",
                                           "1.0.0-rc.1",  "1.0.0",         "2.0.0",
                                           "2.1.0",       "2.1.1",         "2.1.10",
                                           "2.2.0",       "10.0.0"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(version(ascending[i]) <=> version(ascending[j]), i <=> j) << ascending[i] << " " << ascending[j];
    }
  }
}

TEST(Version, ComparesNumbersInPrereleasesOfAnyLength) {
  EXPECT_LT(version("1.0.0-99999999999999999999999"), version("1.0.0-100000000000000000000000"));
  EXPECT_LT(version("1.0.0-9"), version("1.0.0-10"));
  EXPECT_LT(version("1.0.0-10"), version("1.0.0--"));  // numbers come before words
}

TEST(Version, DoesNotCompareBuildMetadata) { EXPECT_EQ(version("1.0.0+a"), version("1.0.0+b")); }

}  // namespace
}  // namespace mortise::manifest
