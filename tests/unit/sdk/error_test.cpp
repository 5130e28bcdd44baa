#include <gtest/gtest.h>

#include <array>
#include <mortise/error.hpp>
#include <vector>

namespace mortise {
namespace {

/// A caller's buffer of N bytes.
template <std::size_t N>
struct Caller {
  std::array<char, N> text{};
  mortise_error error{sizeof(mortise_error), N, 0, 0, text.data()};

  [[nodiscard]] std::string message() const { return {text.data(), error.size}; }
};

TEST(Barrier, GivesStatusAndMessageOfAnError) {
  Caller<64> caller;
  const auto status = detail::barrier(&caller.error, [] { throw Error(Status::not_found, "no note 7"); });
  EXPECT_EQ(status, MORTISE_NOT_FOUND);
  EXPECT_EQ(caller.message(), "no note 7");
}

TEST(Barrier, MakesAnyOtherExceptionInternal) {
  Caller<64> caller;
  EXPECT_EQ(detail::barrier(&caller.error, [] { throw std::out_of_range("index 3"); }), MORTISE_INTERNAL);
  EXPECT_EQ(caller.message(), "index 3");
}

TEST(Barrier, StopsWhatIsNoExceptionClass) {
  Caller<64> caller;
  EXPECT_EQ(detail::barrier(&caller.error, [] { throw 123; }), MORTISE_INTERNAL);
  EXPECT_EQ(caller.message(), "an exception that is no std::exception");
}

TEST(Barrier, LeavesTheMessageAloneOnSuccess) {
  Caller<64> caller;
  EXPECT_EQ(detail::barrier(&caller.error, [] {}), MORTISE_OK);
  EXPECT_EQ(caller.error.size, 0U);
}

TEST(Barrier, NeverReportsSuccessForAThrow) {
  const auto status = detail::barrier(nullptr, [] { throw Error(static_cast<Status>(MORTISE_OK), "?"); });
  EXPECT_EQ(status, MORTISE_UNKNOWN);
}

TEST(Barrier, DropsTheMessageWithoutRoomForOne) {
  mortise_error no_buffer{sizeof(mortise_error), 64, 0, 0, nullptr};
  EXPECT_EQ(detail::barrier(&no_buffer, [] { throw Error(Status::aborted, "x"); }), MORTISE_ABORTED);
  EXPECT_EQ(no_buffer.size, 0U);
  EXPECT_EQ(detail::barrier(nullptr, [] { throw Error(Status::aborted, "x"); }), MORTISE_ABORTED);
}

TEST(Message, IsCutAtTheCallersCapacity) {
  Caller<8> caller;
  detail::set_message(&caller.error, "no such note");
  EXPECT_EQ(caller.message(), "no such ");
}

TEST(Message, IsCutBetweenCharacters) {
  Caller<8> caller;
  detail::set_message(&caller.error, "caf\u00e9 \u20ac\u20ac");  // 3 + 2 + 1 + 3 bytes reach beyond 8
  EXPECT_EQ(caller.message(), "caf\u00e9 ");
  Caller<9> roomier;
  detail::set_message(&roomier.error, "caf\u00e9 \u20ac\u20ac");
  EXPECT_EQ(roomier.message(), "caf\u00e9 \u20ac");
}

TEST(Message, IsNotWrittenToAShorterStruct) {
  Caller<8> caller;
  caller.error.struct_size = offsetof(mortise_error, message);
  detail::set_message(&caller.error, "text");
  EXPECT_EQ(caller.error.size, 0U);
}

TEST(Check, ThrowsTheHostsStatusAndText) {
  detail::check(MORTISE_OK, "unused");
  try {
    detail::check(MORTISE_ALREADY_EXISTS, "GET /a is taken");
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::already_exists);
    EXPECT_STREQ(error.what(), "GET /a is taken");
  }
}

TEST(Check, TakesACodeOfANewerHostAsUnknown) {
  try {
    detail::check(99, "");
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::unknown);
    EXPECT_STREQ(error.what(), "the host gave no reason");
  }
}

TEST(Check, DoesNotTrustTheLengthThatTheHostReports) {
  detail::Message message;
  message.out()->size = 1U << 30;
  EXPECT_LE(message.text().size(), message.out()->capacity);
}

}  // namespace
}  // namespace mortise
