// A store or a database that cannot be written is a reason to wait, never to stop.
#include "drop_fixture.hpp"

namespace mortise::catalog {
namespace {

namespace fs = std::filesystem;
using base::FakeFiles;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Operation = base::FakeFiles::Operation;

class FullDisk : public DropTest {};

TEST_F(FullDisk, TheFileWaitsAndTheOthersGoOn) {
  const auto big = put("good-1.0", "a-big");
  const auto small = put("counter", "b-small");
  bool is_first = true;
  files_.before(Operation::copy, [&](const Path& target) -> std::optional<base::Error> {
    if (!std::exchange(is_first, false)) return std::nullopt;
    return FakeFiles::no_space(target);
  });
  const auto result = scan();
  EXPECT_EQ(find(result, big)->state, FileState::pending);
  EXPECT_THAT(find(result, big)->reason, HasSubstr("'" + store().string() + "': No space left"));
  EXPECT_EQ(find(result, small)->state, FileState::verified);
  EXPECT_TRUE(result.retry_after);
}

TEST_F(FullDisk, TheReasonIsToldOnceAndTheFileTakenWhenThereIsRoom) {
  const auto file = put("good-1.0");
  files_.before(Operation::copy, [](const Path& target) { return std::optional(FakeFiles::no_space(target)); });
  EXPECT_THAT(scan().changed, ::testing::SizeIs(1));
  EXPECT_THAT(scan().changed, IsEmpty());
  files_.heal(Operation::copy);
  EXPECT_EQ(find(scan(), file)->state, FileState::verified);
}

TEST_F(FullDisk, ImageThatCannotBeNamedWaitsToo) {
  const auto file = put("good-1.0");
  files_.fail(Operation::rename, FakeFiles::no_space("store"));
  const auto result = scan();
  EXPECT_EQ(find(result, file)->state, FileState::pending);
  EXPECT_TRUE(result.retry_after);
  EXPECT_TRUE(fs::is_empty(store())) << "nothing half-done is left";
}

TEST_F(FullDisk, UnreadableFileIsRejectedUntilItsPermissionsChange) {
  const auto file = put("good-1.0");
  files_.fail(Operation::open, {base::ErrorCode::permission_denied, "cannot open"});
  EXPECT_EQ(find(scan(), file)->state, FileState::rejected);
  files_.heal(Operation::open);
  ASSERT_EQ(::chmod(file.c_str(), 0711), 0);
  EXPECT_EQ(find(scan(), file)->state, FileState::verified);
}

TEST_F(FullDisk, PassingFailureToOpenIsTriedAgain) {
  const auto file = put("good-1.0");
  files_.fail(Operation::open, {base::ErrorCode::unavailable, "too many open files"});
  const auto result = scan();
  EXPECT_EQ(find(result, file)->state, FileState::pending);
  EXPECT_TRUE(result.retry_after);
}

}  // namespace
}  // namespace mortise::catalog
