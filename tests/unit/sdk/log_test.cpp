#include <gtest/gtest.h>

#include <limits>
#include <mortise/log.hpp>

#include "fake_host.hpp"

namespace mortise {
namespace {

class LogTest : public ::testing::Test {
 protected:
  sdk_testing::FakeHost host_;
  Log log_{static_cast<const mortise_log_v1*>(host_.interfaces[MORTISE_LOG_V1]), host_.table().host};
};

TEST_F(LogTest, WritesAtEachLevel) {
  log_.debug("d");
  log_.info("i");
  log_.warning("w");
  log_.error("e");
  ASSERT_EQ(host_.lines.size(), 4U);
  EXPECT_EQ(host_.lines[0].level, MORTISE_LOG_DEBUG);
  EXPECT_EQ(host_.lines[3].level, MORTISE_LOG_ERROR);
  EXPECT_EQ(host_.lines[1].message, "i");
}

TEST_F(LogTest, WritesFieldsOfEveryKind) {
  const std::string text = "text";
  const char* const none = nullptr;
  log_.info("message", {{"string", text},
                        {"view", std::string_view("view")},
                        {"literal", "literal"},
                        {"null", none},
                        {"yes", true},
                        {"no", false},
                        {"negative", -5},
                        {"small", std::uint8_t{200}},
                        {"large", std::numeric_limits<std::uint64_t>::max()},
                        {"tiny", 1e-9},
                        {"third", 0.1F},
                        {"least", std::numeric_limits<double>::lowest()}});
  const std::map<std::string, std::string> expected{
      {"string", "text"}, {"view", "view"}, {"literal", "literal"},
      {"null", ""},       {"yes", "true"},  {"no", "false"},
      {"negative", "-5"}, {"small", "200"}, {"large", "18446744073709551615"},
      {"tiny", "1e-09"},  {"third", "0.1"}, {"least", "-1.7976931348623157e+308"}};
  ASSERT_EQ(host_.lines.size(), 1U);
  EXPECT_EQ(host_.lines[0].fields, expected);
}

TEST_F(LogTest, KeepsQuietBelowTheLevel) {
  host_.log_level = MORTISE_LOG_WARNING;
  log_.info("dropped");
  EXPECT_FALSE(log_.is_debug_enabled());
  EXPECT_TRUE(host_.lines.empty());
  host_.log_level = MORTISE_LOG_DEBUG;
  EXPECT_TRUE(log_.is_debug_enabled());
}

}  // namespace
}  // namespace mortise
