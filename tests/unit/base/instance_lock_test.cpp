#include "base/instance_lock.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "temporary_directory.hpp"

namespace mortise::base {
namespace {

TEST(InstanceLock, RefusesASecondHolderAndNamesTheFirst) {
  const testing::TemporaryDirectory directory;
  const auto first = InstanceLock::acquire(directory / "lock");
  ASSERT_TRUE(first);
  const auto second = InstanceLock::acquire(directory / "lock");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::already_exists);
  EXPECT_NE(second.error().message.find("(pid " + std::to_string(::getpid()) + ")"), std::string::npos);
}

TEST(InstanceLock, IsFreeAgainWhenItsHolderGoes) {
  const testing::TemporaryDirectory directory;
  { ASSERT_TRUE(InstanceLock::acquire(directory / "lock")); }
  EXPECT_TRUE(InstanceLock::acquire(directory / "lock"));
}

TEST(InstanceLock, SaysThatItsDirectoryIsMissing) {
  const testing::TemporaryDirectory directory;
  const auto lock = InstanceLock::acquire(directory / "missing" / "lock");
  ASSERT_FALSE(lock);
  EXPECT_NE(lock.error().message.find("missing/lock"), std::string::npos);
}

}  // namespace
}  // namespace mortise::base
