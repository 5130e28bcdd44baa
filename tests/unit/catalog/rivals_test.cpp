// Two files that claim one name and version with different digests.
#include <fstream>

#include "drop_fixture.hpp"

namespace mortise::catalog {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Rivals : public DropTest {};

TEST_F(Rivals, TheFirstByPathIsTakenWithinOneScan) {
  const auto second = put("good-1.0", "b");
  const auto first = put("good-1.0-other-digest", "a");
  const auto result = scan();
  EXPECT_EQ(find(result, first)->state, FileState::verified);
  const auto refused = find(result, second);
  EXPECT_EQ(refused->state, FileState::rejected);
  for (const auto& part :
       {first.string(), second.string(), find(result, first)->sha256, refused->sha256, std::string("good 1.0.0")}) {
    EXPECT_THAT(refused->reason, HasSubstr(part));
  }
  EXPECT_EQ(probes_, 1) << "what is refused by its name is not run";
}

TEST_F(Rivals, TheOneCataloguedFirstStays) {
  const auto first = put("good-1.0", "z");
  scan();
  const auto late = put("good-1.0-other-digest", "a");
  for (int restart = 0; restart < 2; ++restart) {
    const auto result = scan();
    EXPECT_EQ(find(result, first)->state, FileState::verified);
    EXPECT_EQ(find(result, late)->state, FileState::rejected);
    open();
  }
}

TEST_F(Rivals, TheOtherIsTakenWhenTheFirstGoes) {
  const auto first = put("good-1.0", "a");
  const auto second = put("good-1.0-other-digest", "b");
  scan();
  EXPECT_THAT(scan().changed, IsEmpty());
  fs::remove(first);
  EXPECT_EQ(find(scan(), second)->state, FileState::verified);
}

TEST_F(Rivals, TheOtherIsTakenWhenTheFirstBecomesAnotherVersion) {
  const auto first = put("good-1.0", "b");
  scan();
  const auto second = put("good-1.0-other-digest", "a");
  scan();
  put("good-1.1", "b");
  const auto result = scan();
  EXPECT_EQ(find(result, first)->manifest->version.to_string(), "1.1.0");
  EXPECT_EQ(find(result, second)->state, FileState::verified);
}

TEST_F(Rivals, TouchingTheFirstDoesNotGiveItsPlaceAway) {
  const auto first = put("good-1.0", "b");
  scan();
  const auto second = put("good-1.0-other-digest", "a");
  scan();
  std::ofstream writer(first, std::ios::app);
  age(first, std::chrono::milliseconds(0));
  auto result = scan();
  EXPECT_EQ(find(result, first)->state, FileState::pending);
  EXPECT_EQ(find(result, second)->state, FileState::rejected);
  open();  // a restart in between changes nothing
  age(first);
  result = scan();
  EXPECT_EQ(find(result, first)->state, FileState::verified);
  EXPECT_EQ(find(result, second)->state, FileState::rejected);
}

TEST_F(Rivals, TheSameBytesTwiceAreNoRivals) {
  put("good-1.0", "a");
  put("good-1.0", "b");
  for (const auto& record : scan().records) EXPECT_EQ(record->state, FileState::verified) << record->reason;
}

TEST_F(Rivals, AnotherBuildInPlaceIsNoRivalOfItsOwn) {
  const auto file = put("good-1.0", "good");
  scan();
  put("good-1.0-other-digest", "good");
  EXPECT_EQ(find(scan(), file)->state, FileState::verified);
}

}  // namespace
}  // namespace mortise::catalog
