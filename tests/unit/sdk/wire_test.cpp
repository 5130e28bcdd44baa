// The binary form of calls byte by byte, and what is refused.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "every_type.hpp"
#include "fake_contracts.hpp"

namespace mortise {
namespace {

using namespace sdk_testing;
using Form = std::vector<std::uint8_t>;

template <class... T>
Form write(const T&... values) {
  Form form(detail::message_size(values...));
  detail::write_message(form.data(), values...);
  return form;
}

/// A contract that answers over bytes, and what it answered.
class WireTest : public ::testing::Test {
 protected:
  WireTest() { link_contracts(); }

  mortise_status dispatch(std::uint32_t method, const Form& request) {
    scope_.raw().failure = {};
    reply_ = {};
    return detail::dispatch<EveryType>(&contract_, method, {request.data(), request.size()}, &reply_);
  }
  void expect_refused(std::uint32_t method, const Form& request, const std::string& why) {
    EXPECT_EQ(dispatch(method, request), MORTISE_INVALID_ARGUMENT) << why;
    EXPECT_EQ(scope_.raw().failure.status, MORTISE_INVALID_ARGUMENT);
    const auto message = to_string(scope_.raw().failure.message);
    EXPECT_NE(message.find(why), std::string::npos) << message;
  }
  [[nodiscard]] Form reply() const { return {reply_.data, reply_.data + reply_.size}; }
  [[nodiscard]] std::string message() { return to_string(scope_.raw().failure.message); }

  enum Number : std::uint32_t { kScalars, kConvert, kText, kBlob, kNumbers, kTruths, kPoints, kTexts, kTable };

  FakeScope scope_;
  Echo echo_;
  EveryType contract_ = detail::bind_contract<EveryType>(echo_);
  mortise_bytes reply_{};
};

TEST_F(WireTest, BeginsWithItsVersion) { EXPECT_EQ(write(), Form({1})); }

TEST_F(WireTest, WritesNumbersInLittleEndian) {
  EXPECT_EQ(write(std::int8_t{-2}, std::uint16_t{0x1234}, std::int32_t{-2}),
            Form({1, 0xFE, 0x34, 0x12, 0xFE, 0xFF, 0xFF, 0xFF}));
  EXPECT_EQ(write(std::uint64_t{0x0102030405060708}), Form({1, 8, 7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(write(1.0F, true, Level::high, Answer::no), Form({1, 0, 0, 0x80, 0x3F, 1, 1, 0}));
}

TEST_F(WireTest, WritesTextsListsAndOptionalsWithTheirCounts) {
  EXPECT_EQ(write(Str("abc"), Str()), Form({1, 3, 'a', 'b', 'c', 0}));
  const std::vector<Str> texts{"x", ""};
  EXPECT_EQ(write(List<Str>(texts)), Form({1, 2, 1, 'x', 0}));
  EXPECT_EQ(write(Optional<Str>(Str("a")), Optional<Str>()), Form({1, 1, 1, 'a', 0}));
  EXPECT_EQ(write(Money{2, "EUR"}), Form({1, 2, 0, 0, 0, 0, 0, 0, 0, 3, 'E', 'U', 'R'}));
}

TEST_F(WireTest, WritesPaddingOfNoStruct) {
  struct Padded {
    std::uint8_t small;
    std::uint32_t large;
  };
  static_assert(sizeof(Padded) == 8);
  EXPECT_EQ(write(Padded{1, 2}), Form({1, 1, 2, 0, 0, 0}));
}

TEST_F(WireTest, WritesCountsInAsFewBytesAsTheyNeed) {
  EXPECT_EQ(detail::varint_size(0), 1U);
  EXPECT_EQ(detail::varint_size(127), 1U);
  EXPECT_EQ(detail::varint_size(128), 2U);
  EXPECT_EQ(detail::varint_size((1U << 14) - 1), 2U);
  EXPECT_EQ(detail::varint_size(1U << 14), 3U);
  EXPECT_EQ(detail::varint_size(std::numeric_limits<std::uint64_t>::max()), 10U);
  const std::string text(300, 'x');
  const auto form = write(Str(text));
  EXPECT_EQ(form.size(), 303U);
  EXPECT_EQ(Form(form.begin(), form.begin() + 3), Form({1, 0xAC, 0x02}));
}

TEST_F(WireTest, AnswersARequestWithAReply) {
  EXPECT_EQ(dispatch(kConvert, write(Money{5, "USD"}, Str("EUR"))), MORTISE_OK);
  EXPECT_EQ(reply(), write(Money{5, "EUR"}));
  EXPECT_EQ(dispatch(13, write(Bytes("abc"), Optional<double>())), MORTISE_OK);
  EXPECT_EQ(reply(), Form({1}));
  EXPECT_EQ(echo_.taken, 3U);
}

TEST_F(WireTest, RefusesEveryRequestThatIsCutOff) {
  const auto whole = write(Money{5, "USD"}, Str("EUR"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    expect_refused(kConvert, Form(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), "it ends ");
  }
}

TEST_F(WireTest, RefusesWhatFollowsTheLastArgument) {
  auto form = write(Str("a"));
  form.push_back(0);
  expect_refused(kText, form, "malformed request at byte 3 of 4: there is more after its last value");
}

TEST_F(WireTest, RefusesAnotherVersion) {
  expect_refused(kText, {2, 0}, "its form is not version 1");
  expect_refused(kText, {0, 0}, "its form is not version 1");
}

TEST_F(WireTest, RefusesTruthValuesOtherThanZeroAndOne) {
  expect_refused(kTruths, {1, 2, 1, 2}, "a truth value is neither 0 nor 1");
  expect_refused(9, {1, 255}, "a truth value is neither 0 nor 1");
}

TEST_F(WireTest, RefusesCountsBeyondTheRestBeforeItTakesMemory) {
  expect_refused(kText, {1, 2, 'a'}, "it ends before what a length or count announces");
  expect_refused(kNumbers, {1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "it ends before");
  expect_refused(kTable, {1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}, "it ends before");
  EXPECT_EQ(scope_.pieces(), 0U);
}

TEST_F(WireTest, RefusesCountsPastSixtyFourBitsAndLongerThanNeeded) {
  expect_refused(kText, {1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02}, "past 64 bits");
  expect_refused(kText, {1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, "past 64 bits");
  expect_refused(kText, {1, 0x81, 0x00, 'a'}, "shortest form");
}

TEST_F(WireTest, RefusesAMethodThatTheContractDoesNotHave) {
  expect_refused(14, {1}, "method 14 was called, of 14 that this provider has");
  EXPECT_EQ(to_string(scope_.raw().failure.context), "sample 1.2.3: sample.every-type/3");
}

TEST_F(WireTest, NamesTheMethodOfAMalformedRequest) {
  expect_refused(kConvert, {1}, "build both plugins with the same contract header");
  EXPECT_EQ(to_string(scope_.raw().failure.context), "sample 1.2.3: sample.every-type/3 convert");
}

TEST_F(WireTest, FailsWithResourceExhaustedAtTheArenasCap) {
  const std::vector<std::int64_t> numbers(100);
  const auto form = write(List<std::int64_t>(numbers));
  const FakeScope small(500);
  EXPECT_EQ(dispatch(kNumbers, form), MORTISE_RESOURCE_EXHAUSTED);
}

TEST_F(WireTest, BorrowsTextsAndBytesFromTheRequest) {
  detail::WireReader reader({reinterpret_cast<const std::uint8_t*>("\1\3abc\2xy"), 8}, detail::kRequest);
  EXPECT_EQ(reader.read<Str>(), "abc");
  EXPECT_EQ(reader.read<Bytes>().size(), 2U);
  reader.finish();
  EXPECT_EQ(scope_.pieces(), 0U);
}

}  // namespace
}  // namespace mortise
