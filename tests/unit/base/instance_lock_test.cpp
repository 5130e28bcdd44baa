#include "base/instance_lock.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <optional>

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

TEST(InstanceLock, IsHeldUntilBothWhoShareItHaveLetGo) {
  const testing::TemporaryDirectory directory;
  std::optional<InstanceLock> first(*InstanceLock::acquire(directory / "lock"));
  std::optional<InstanceLock> second(InstanceLock::share(Descriptor(::dup(first->descriptor()))));
  EXPECT_TRUE(second->is_on(directory / "lock"));
  EXPECT_FALSE(second->is_on(directory / "other"));
  first.reset();
  EXPECT_FALSE(InstanceLock::acquire(directory / "lock"));
  second.reset();
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
