#include "parcels.hpp"

#include <gtest/gtest.h>

#include <set>

namespace boutique {
namespace {

using mortise::Error;
using mortise::Status;

constexpr Address kAddress{"Ada Lovelace", "12 St James's Square", "London", "SW1Y 4JH", "GB"};

void expect_dollars(const Money& money, std::int64_t units, std::int32_t nanos) {
  EXPECT_EQ(money.currency, "USD");
  EXPECT_EQ(money.units, units);
  EXPECT_EQ(money.nanos, nanos);
}

/// What is said of an invalid argument.
template <class Body>
std::string refusal_of(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::invalid_argument);
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Quote, IsForAParcelAndForEachThing) {
  expect_dollars(quote_for(1, "US"), 5, 700'000'000);
  expect_dollars(quote_for(2, "US"), 6, 450'000'000);
  expect_dollars(quote_for(10, "US"), 12, 450'000'000);
}

TEST(Quote, IsHigherAbroad) {
  expect_dollars(quote_for(1, "DE"), 16, 750'000'000);
  expect_dollars(quote_for(3, "JP"), 21, 250'000'000);
}

TEST(Quote, IsNothingForNoThing) {
  expect_dollars(quote_for(0, "US"), 0, 0);
  expect_dollars(quote_for(0, "DE"), 0, 0);
}

TEST(Quote, IsExactForAnyNumber) { expect_dollars(quote_for(INT32_MAX, "DE"), 4'831'838'220, 250'000'000); }

TEST(Quote, RefusesNegativeNumbersAndWhatIsNoCountry) {
  EXPECT_EQ(refusal_of([] { quote_for(-1, "US"); }), "cannot send -1 things");
  for (const auto* country : {"", "U", "us", "USA", "U1", "\xc3\x9c"}) {
    EXPECT_EQ(refusal_of([&] { quote_for(0, country); }),
              "a country is two capital letters such as US, not '" + std::string(country) + "'");
  }
}

TEST(AnAddress, IsTakenWithoutAPostalCode) {
  check_address(kAddress);
  auto address = kAddress;
  address.postal_code = "";
  EXPECT_NO_THROW(check_address(address));
}

TEST(AnAddress, IsRefusedByTheLineThatIsWrong) {
  const auto refusal_with = [](mortise::Str Address::*line, std::string_view text) {
    auto address = kAddress;
    address.*line = text;
    return refusal_of([&] { check_address(address); });
  };
  const std::string longest(200, 'x');
  EXPECT_EQ(refusal_with(&Address::name, ""), "the name is missing");
  EXPECT_EQ(refusal_with(&Address::street, "  "), "the street is missing");
  EXPECT_EQ(refusal_with(&Address::city, ""), "the city is missing");
  EXPECT_EQ(refusal_with(&Address::city, "Lon\ndon"), "the city holds control characters");
  EXPECT_EQ(refusal_with(&Address::postal_code, longest + "x"), "the postal code is longer than 200 bytes");
  EXPECT_EQ(refusal_with(&Address::postal_code, longest), "nothing was thrown");
  EXPECT_EQ(refusal_with(&Address::country, "gb"), "a country is two capital letters such as US, not 'gb'");
}

// What was printed on a parcel is still its number after an upgrade: this text never changes.
TEST(TrackingNumber, IsTheSameForTheSameOrder) {
  EXPECT_EQ(tracking_number("0123456789abcdef0123456789abcdef"), "BQ-900V-94GG-WVA4");
}

TEST(TrackingNumber, IsAnotherForEveryOrder) {
  std::set<std::string> numbers;
  for (int order = 0; order < 10000; ++order) numbers.insert(tracking_number(std::to_string(order)));
  EXPECT_EQ(numbers.size(), 10000U);
}

TEST(TrackingNumber, NeedsAnOrder) {
  EXPECT_EQ(refusal_of([] { tracking_number(""); }), "an order without a key cannot be sent");
}

}  // namespace
}  // namespace boutique
