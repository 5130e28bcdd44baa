#include "fake_files.hpp"

#include <gtest/gtest.h>

#include "temporary_directory.hpp"

namespace mortise::base {
namespace {

using Operation = FakeFiles::Operation;

TEST(FakeFiles, DelegatesUntilItIsToldToFail) {
  const testing::TemporaryDirectory directory;
  FakeFiles files;
  ASSERT_TRUE(files.write_atomically(directory / "a", "text", 0600, Durability::synced));
  files.fail(Operation::read, FakeFiles::no_space("a"));
  EXPECT_EQ(files.read(directory / "a", 100).error().code, ErrorCode::resource_exhausted);
  files.heal(Operation::read);
  EXPECT_EQ(files.read(directory / "a", 100).value(), "text");
  EXPECT_EQ(files.count(Operation::read), 2);
}

}  // namespace
}  // namespace mortise::base
