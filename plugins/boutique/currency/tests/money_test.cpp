#include <gtest/gtest.h>
#include <boutique/money.hpp>

namespace boutique {
namespace {

using mortise::Error;
using mortise::Status;

template <class Body>
Status failure_of(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.status();
  }
  ADD_FAILURE() << "nothing was thrown";
  return Status::unknown;
}

TEST(MoneyArithmetic, KnowsWhatIsAnAmount) {
  EXPECT_TRUE(is_amount({"EUR", 0, 0}));
  EXPECT_TRUE(is_amount({"EUR", -1, -750'000'000}));
  EXPECT_TRUE(is_amount({"EUR", 0, -999'999'999}));
  EXPECT_TRUE(is_amount({"EUR", kMostUnits, 0}));
  EXPECT_FALSE(is_amount({"EUR", 1, -1}));
  EXPECT_FALSE(is_amount({"EUR", -1, 1}));
  EXPECT_FALSE(is_amount({"EUR", 0, kNanosPerUnit}));
  EXPECT_FALSE(is_amount({"EUR", 0, -kNanosPerUnit}));
  EXPECT_FALSE(is_amount({"EUR", kMostUnits + 1, 0}));
  EXPECT_FALSE(is_amount({"EUR", INT64_MIN, 0}));
}

TEST(MoneyArithmetic, CarriesBetweenUnitsAndNanos) {
  const auto sum = add({"EUR", 1, 750'000'000}, {"EUR", 2, 250'000'001});
  EXPECT_EQ(sum.units, 4);
  EXPECT_EQ(sum.nanos, 1);
  const auto difference = add({"EUR", 1, 0}, {"EUR", -2, -500'000'000});
  EXPECT_EQ(difference.units, -1);
  EXPECT_EQ(difference.nanos, -500'000'000);
  const auto product = multiply({"EUR", 1, 400'000'000}, -3);
  EXPECT_EQ(product.units, -4);
  EXPECT_EQ(product.nanos, -200'000'000);
  EXPECT_EQ(product.currency, "EUR");
}

TEST(MoneyArithmetic, RefusesWhatIsTooLarge) {
  EXPECT_EQ(failure_of([] { add({"EUR", kMostUnits, 0}, {"EUR", 0, 1}); }), Status::out_of_range);
  EXPECT_EQ(failure_of([] { multiply({"EUR", kMostUnits, 0}, INT32_MIN); }), Status::out_of_range);
}

TEST(MoneyArithmetic, RefusesDifferentCurrenciesAndWhatIsNoAmount) {
  EXPECT_EQ(failure_of([] { add({"EUR", 1, 0}, {"USD", 1, 0}); }), Status::invalid_argument);
  EXPECT_EQ(failure_of([] { multiply({"EUR", 1, -1}, 1); }), Status::invalid_argument);
}

}  // namespace
}  // namespace boutique
