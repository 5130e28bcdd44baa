#include "rates.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace boutique {
namespace {

using mortise::Error;
using mortise::Status;

void expect_amount(const Money& money, std::string_view currency, std::int64_t units, std::int32_t nanos) {
  EXPECT_EQ(money.currency, currency);
  EXPECT_EQ(money.units, units);
  EXPECT_EQ(money.nanos, nanos);
}

template <class Body>
Error failure_of(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {Status::unknown, ""};
}

bool contains(const Error& error, std::string_view text) {
  return std::string_view(error.what()).find(text) != std::string_view::npos;
}

TEST(Rates, HaveCodesInTheOrderOfTheAlphabet) {
  const auto codes = Rates::codes();
  EXPECT_GE(codes.size(), 30U);
  for (const auto code : {"EUR", "USD", "JPY", "GBP", "CAD", "TRY", "KRW"}) {
    EXPECT_NE(std::find(codes.begin(), codes.end(), code), codes.end()) << code;
  }
  EXPECT_TRUE(std::is_sorted(codes.begin(), codes.end(), [](auto a, auto b) { return a.view() < b.view(); }));
}

TEST(Rates, ConvertExactly) {
  const Rates rates(Rates::Given{{"USD", "1.25"}, {"JPY", "160"}});
  expect_amount(rates.convert({"EUR", 19, 990'000'000}, "USD"), "USD", 24, 987'500'000);
  expect_amount(rates.convert({"USD", 1, 250'000'000}, "JPY"), "JPY", 160, 0);
  expect_amount(rates.convert({"JPY", 1, 0}, "USD"), "USD", 0, 7'812'500);
  expect_amount(rates.convert({"USD", 3, 1}, "USD"), "USD", 3, 1);
}

TEST(Rates, RoundHalvesToEven) {
  const Rates rates(Rates::Given{{"CHF", "0.5"}, {"GBP", "0.3"}});
  expect_amount(rates.convert({"EUR", 0, 1}, "CHF"), "CHF", 0, 0);
  expect_amount(rates.convert({"EUR", 0, 3}, "CHF"), "CHF", 0, 2);
  expect_amount(rates.convert({"EUR", 0, 5}, "CHF"), "CHF", 0, 2);
  expect_amount(rates.convert({"EUR", 0, -1}, "CHF"), "CHF", 0, 0);
  expect_amount(rates.convert({"EUR", 0, -3}, "CHF"), "CHF", 0, -2);
  // 0.6 and -0.6: not halves.
  expect_amount(rates.convert({"EUR", 0, 2}, "GBP"), "GBP", 0, 1);
  expect_amount(rates.convert({"EUR", 0, -2}, "GBP"), "GBP", 0, -1);
}

TEST(Rates, ComeBackWithinABillionth) {
  const Rates rates;
  for (const auto from : Rates::codes()) {
    for (const auto to : Rates::codes()) {
      const Money amount{from, 1234, 567'890'123};
      const auto there = rates.convert(amount, to);
      const auto back = rates.convert(there, from);
      // Half a billionth may be lost each way, and one of a dear currency is many of a cheap one.
      const auto worth = to_nanos(rates.convert({to, 1, 0}, from));
      const auto lost = to_nanos(back) - to_nanos(amount);
      const auto most = (worth / kNanosPerUnit + 2) / 2;
      EXPECT_TRUE(lost <= most && lost >= -most) << from.view() << " " << to.view();
    }
  }
}

TEST(Rates, ConvertNegativeAmountsAsTheirOpposites) {
  const Rates rates;
  for (const auto to : Rates::codes()) {
    const auto gain = rates.convert({"USD", 12, 345'678'901}, to);
    const auto loss = rates.convert({"USD", -12, -345'678'901}, to);
    expect_amount(loss, to, -gain.units, -gain.nanos);
  }
}

TEST(Rates, ConvertTheLargestAmounts) {
  const Rates rates(Rates::Given{{"IDR", "10000000"}, {"USD", "0.000000001"}});
  expect_amount(rates.convert({"IDR", kMostUnits, 0}, "EUR"), "EUR", 100'000, 0);
  expect_amount(rates.convert({"IDR", -kMostUnits, 0}, "IDR"), "IDR", -kMostUnits, 0);
  expect_amount(rates.convert({"EUR", 100'000, 0}, "IDR"), "IDR", kMostUnits, 0);
  EXPECT_EQ(failure_of([&] { return rates.convert({"EUR", 100'000, 1}, "IDR"); }).status(), Status::out_of_range);
  EXPECT_EQ(failure_of([&] { return rates.convert({"USD", -kMostUnits, 0}, "IDR"); }).status(), Status::out_of_range);
}

TEST(Rates, RefuseCurrenciesThatThereAreNot) {
  const Rates rates;
  for (const auto* code : {"XYZ", "", "usd", "EURO", "EU", "\xff\xff\xff"}) {
    const auto as_target = failure_of([&] { return rates.convert({"EUR", 1, 0}, code); });
    EXPECT_EQ(as_target.status(), Status::not_found);
    EXPECT_TRUE(contains(as_target, "'" + std::string(code) + "'")) << as_target.what();
    EXPECT_EQ(failure_of([&] { return rates.convert({code, 1, 0}, "EUR"); }).status(), Status::not_found) << code;
  }
}

TEST(Rates, RefuseWhatIsNoAmount) {
  const Rates rates;
  for (const auto& amount : {Money{"EUR", 1, -1}, Money{"EUR", 0, kNanosPerUnit}, Money{"EUR", kMostUnits + 1, 0}}) {
    EXPECT_EQ(failure_of([&] { return rates.convert(amount, "EUR"); }).status(), Status::invalid_argument);
  }
}

TEST(Rates, MayBeGiven) {
  const Rates rates(Rates::Given{{"USD", "1.13"}});
  expect_amount(rates.convert({"EUR", 2, 0}, "USD"), "USD", 2, 260'000'000);
  expect_amount(rates.convert({"EUR", 2, 0}, "CHF"), "CHF", 1, 876'200'000);
}

TEST(Rates, NameTheFaultInThoseThatAreGiven) {
  const auto unknown = failure_of([] { Rates(Rates::Given{{"DOLLAR", "1.13"}}); });
  EXPECT_EQ(unknown.status(), Status::invalid_argument);
  EXPECT_TRUE(contains(unknown, "'DOLLAR'")) << unknown.what();
  const auto euro = failure_of([] { Rates(Rates::Given{{"EUR", "1"}}); });
  EXPECT_EQ(euro.status(), Status::invalid_argument);
  EXPECT_TRUE(contains(euro, "'EUR'")) << euro.what();
  for (const auto* text : {"0", "-1.1", "1,13", "", "1.1234567891", "10000000.1"}) {
    const auto error = failure_of([&] { Rates(Rates::Given{{"USD", text}}); });
    EXPECT_EQ(error.status(), Status::invalid_argument) << text;
    EXPECT_TRUE(contains(error, "'USD': '" + std::string(text) + "'")) << error.what();
  }
}

}  // namespace
}  // namespace boutique
