#include "card_check.hpp"

#include <gtest/gtest.h>
#include <mortise/error.hpp>

#include <chrono>
#include <string>

namespace boutique {
namespace {

using namespace std::chrono_literals;

constexpr auto kToday = 2031y / 5 / 31;
constexpr const char* kVisa = "4111 1111 1111 1111";
constexpr const char* kMastercard = "5555-5555-5555-4444";

/// Why a card is refused; empty: it is not.
std::string refusal(const Card& card, std::chrono::year_month_day today = kToday) {
  try {
    check_card(card, today);
  } catch (const mortise::Error& error) {
    EXPECT_EQ(error.status(), mortise::Status::invalid_argument);
    return error.what();
  }
  return "";
}
std::string refusal_of_number(const std::string& number) { return refusal({number, 123, 2031, 6}); }

/// With the digit that makes it a number.
std::string completed(std::string digits) {
  for (char last = '0'; last <= '9'; ++last) {
    if (has_check_digit(digits + last)) return digits + last;
  }
  return "";
}

TEST(CardCheckTest, KeepsBrandAndLastFourDigits) {
  const auto visa = check_card({kVisa, 123, 2031, 6}, kToday);
  EXPECT_EQ(visa.brand, "Visa");
  EXPECT_EQ(visa.last_four, "1111");
  const auto mastercard = check_card({kMastercard, 0, 2031, 6}, kToday);
  EXPECT_EQ(mastercard.brand, "Mastercard");
  EXPECT_EQ(mastercard.last_four, "4444");
}

TEST(CardCheckTest, NoDigitCanBeWrong) {
  const std::string right = "4111111111111111";
  for (std::size_t at = 0; at < right.size(); ++at) {
    for (char digit = '0'; digit <= '9'; ++digit) {
      auto number = right;
      number[at] = digit;
      EXPECT_EQ(has_check_digit(number), number == right) << number;
    }
  }
}

TEST(CardCheckTest, KnowsBrandsByTheirRanges) {
  for (const auto* first : {"5100", "5599", "2221", "2720"}) {
    EXPECT_EQ(brand_of(completed(first + std::string(11, '0'))), "Mastercard") << first;
  }
  for (const auto* first : {"5099", "5600", "2220", "2721", "6011", "3400", "0000"}) {
    EXPECT_EQ(brand_of(completed(first + std::string(11, '0'))), "") << first;
    EXPECT_EQ(refusal_of_number(completed(first + std::string(11, '0'))), "we take Visa and Mastercard alone") << first;
  }
}

TEST(CardCheckTest, KnowsBrandsByTheirLengths) {
  for (const std::size_t size : {12, 13, 14, 15, 16, 17, 18, 19}) {
    const bool is_visa = size == 13 || size == 16 || size == 19;
    EXPECT_EQ(brand_of("4" + std::string(size - 1, '0')), is_visa ? "Visa" : "") << size;
    EXPECT_EQ(brand_of("51" + std::string(size - 2, '0')), size == 16 ? "Mastercard" : "") << size;
  }
}

TEST(CardCheckTest, WhatIsNoNumberIsRefusedAndNotRepeated) {
  for (const std::string& number :
       {std::string(), std::string("4111x11111111111"), std::string("4111.1111.1111.1111"), std::string(20, '4'),
        std::string("4111111111111112"), std::string(101, ' '), std::string("\xd9\xa4") + "111111111111111"}) {
    const auto why = refusal_of_number(number);
    EXPECT_NE(why, "") << number;
    EXPECT_EQ(why.find("4111"), std::string::npos) << why;
  }
}

TEST(CardCheckTest, IsGoodUntilTheLastDayOfItsMonth) {
  EXPECT_EQ(refusal({kVisa, 123, 2031, 5}), "");
  EXPECT_EQ(refusal({kVisa, 123, 2031, 5}, 2031y / 6 / 1), "the card has expired");
  EXPECT_EQ(refusal({kVisa, 123, 2030, 12}), "the card has expired");
  EXPECT_EQ(refusal({kVisa, 123, 2032, 1}), "");
}

TEST(CardCheckTest, AnExpiryIsAMonthOfAYear) {
  for (const auto month : {0, 13, -1, 255}) EXPECT_NE(refusal({kVisa, 123, 2031, month}), "") << month;
  for (const auto year : {0, 31, -2031, 10000, 40000}) EXPECT_NE(refusal({kVisa, 123, year, 6}), "") << year;
}

TEST(CardCheckTest, ASecurityCodeHasThreeDigits) {
  EXPECT_EQ(refusal({kVisa, 7, 2031, 6}), "") << "007";
  for (const auto code : {-1, 1000}) EXPECT_NE(refusal({kVisa, code, 2031, 6}), "") << code;
}

}  // namespace
}  // namespace boutique
