#include "base/result.hpp"

#include <gtest/gtest.h>
#include <stdexcept>

namespace mortise::base {
namespace {

TEST(Result, ErrorGathersItsContextFromTheInsideOut) {
  const Error error{ErrorCode::not_found, "no such file"};
  EXPECT_EQ(error.in("plugin 'a'").message, "plugin 'a': no such file");
  EXPECT_EQ(error.in("plugin 'a'").code, ErrorCode::not_found);
}

TEST(Result, ValueOfAFailureThrowsItsMessage) {
  const Result<int> failed = Error{ErrorCode::internal, "because"};
  try {
    static_cast<void>(failed.value());
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_NE(std::string(error.what()).find("because"), std::string::npos);
  }
}

TEST(Result, NamesEveryCode) {
  for (int code = 1; code <= 16; ++code) {
    const std::string name = to_string(static_cast<ErrorCode>(code));
    EXPECT_EQ(name == "unknown", code == 2) << code;
  }
}

}  // namespace
}  // namespace mortise::base
