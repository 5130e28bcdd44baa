#include "confirmation.hpp"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

namespace boutique {
namespace {

Order order_of(const std::vector<OrderLine>& lines, const Money& shipping, const Money& total) {
  return {"0123456789abcdef0123456789abcdef",
          "BQ-4711",
          "ada@example.com",
          {"Ada Lovelace", "12 St James's Square", "London", "SW1Y 4JH", "GB"},
          std::span<const OrderLine>(lines),
          shipping,
          total};
}

TEST(ConfirmationTest, SaysWhatWasOrderedWhatItCostsAndWhereItGoes) {
  const auto mail = confirm(order_of(
      {{"teapot", "Teapot", 2, {"EUR", 19, 900'000'000}}, {"spoon", "Spoon \u201cÉté\u201d", 1, {"EUR", 3, 0}}},
      {"EUR", 4, 500'000'000}, {"EUR", 47, 300'000'000}));
  EXPECT_EQ(mail.to, "ada@example.com");
  EXPECT_EQ(mail.subject, "Your order 0123456789abcdef0123456789abcdef");
  EXPECT_EQ(mail.text,
            "Hello Ada Lovelace,\n\n"
            "thank you for your order 0123456789abcdef0123456789abcdef:\n\n"
            "  2 x Teapot, 19.90 EUR each: 39.80 EUR\n"
            "  1 x Spoon \u201cÉté\u201d: 3.00 EUR\n"
            "  Shipping: 4.50 EUR\n"
            "  Total: 47.30 EUR\n\n"
            "It is on its way to\n\n"
            "  Ada Lovelace\n"
            "  12 St James's Square\n"
            "  SW1Y 4JH London\n"
            "  GB\n\n"
            "with the tracking number BQ-4711.\n\n"
            "The boutique\n");
}

TEST(ConfirmationTest, MultipliesBeforeItRounds) {
  const auto mail =
      confirm(order_of({{"bead", "Bead", 99, {"EUR", 0, 4'000'000}}}, {"EUR", 0, 0}, {"EUR", 0, 396'000'000}));
  EXPECT_NE(mail.text.find("99 x Bead, 0.00 EUR each: 0.40 EUR\n"), std::string::npos) << mail.text;
}

TEST(ConfirmationTest, IsRefusedForAnOrderWhoseAmountsAreNone) {
  EXPECT_THROW(confirm(order_of({}, {"EUR", 1, -1}, {"EUR", 1, 0})), mortise::Error);
}

}  // namespace
}  // namespace boutique
