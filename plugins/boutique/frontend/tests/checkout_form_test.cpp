#include "checkout_form.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mortise/error.hpp>

namespace boutique::frontend {
namespace {

CheckoutForm filled() {
  return {.key = "0123456789abcdef0123456789abcdef",
          .email = "ada@example.com",
          .name = "Ada",
          .street = "Ring 1",
          .city = "Köln",
          .postal_code = "50667",
          .country = "DE",
          .card_number = "4111 1111-1111 1111",
          .security_code = "012",
          .expiry_month = "01",
          .expiry_year = "2031"};
}

/// What the customer is told; empty: nothing is wrong.
std::string complaint(const CheckoutForm& form) {
  try {
    to_customer(form, "EUR");
    return "";
  } catch (const mortise::Error& failure) {
    EXPECT_EQ(failure.status(), mortise::Status::invalid_argument);
    return failure.what();
  }
}

TEST(CheckoutForm, IsReadFieldByField) {
  const auto form = read_checkout(
      Form("key=k&email=e&name=n&street=s&city=c&postal_code=p&country=DE&card_number=4&security_code=1&expiry_month=2&"
           "expiry_year=3"));
  EXPECT_EQ(form.key, "k");
  EXPECT_EQ(form.email, "e");
  EXPECT_EQ(form.name, "n");
  EXPECT_EQ(form.street, "s");
  EXPECT_EQ(form.city, "c");
  EXPECT_EQ(form.postal_code, "p");
  EXPECT_EQ(form.country, "DE");
  EXPECT_EQ(form.card_number, "4");
  EXPECT_EQ(form.security_code, "1");
  EXPECT_EQ(form.expiry_month, "2");
  EXPECT_EQ(form.expiry_year, "3");
}

TEST(CheckoutForm, BecomesACustomer) {
  const auto form = filled();
  const auto customer = to_customer(form, "EUR");
  EXPECT_EQ(customer.email, "ada@example.com");
  EXPECT_EQ(customer.currency, "EUR");
  EXPECT_EQ(customer.address.name, "Ada");
  EXPECT_EQ(customer.address.street, "Ring 1");
  EXPECT_EQ(customer.address.city, "Köln");
  EXPECT_EQ(customer.address.postal_code, "50667");
  EXPECT_EQ(customer.address.country, "DE");
  EXPECT_EQ(customer.card.number, "4111 1111-1111 1111");
  EXPECT_EQ(customer.card.security_code, 12);
  EXPECT_EQ(customer.card.expiry_month, 1);
  EXPECT_EQ(customer.card.expiry_year, 2031);
}

TEST(CheckoutForm, TakesAYearOfTwoDigits) {
  auto form = filled();
  form.expiry_year = "31";
  EXPECT_EQ(to_customer(form, "EUR").card.expiry_year, 2031);
}

TEST(CheckoutForm, NamesTheFieldThatIsMissingOrWrong) {
  struct Case {
    std::string CheckoutForm::*field;
    std::string value;
    std::string word;  // of the message
  };
  const Case cases[] = {{&CheckoutForm::email, "", "e-mail"},
                        {&CheckoutForm::email, "ada", "e-mail"},
                        {&CheckoutForm::email, "@example.com", "e-mail"},
                        {&CheckoutForm::email, "ada@", "e-mail"},
                        {&CheckoutForm::email, "a@b@c", "e-mail"},
                        {&CheckoutForm::name, "", "name"},
                        {&CheckoutForm::name, std::string(201, 'x'), "shorten"},
                        {&CheckoutForm::street, "", "street"},
                        {&CheckoutForm::city, "", "city"},
                        {&CheckoutForm::postal_code, "", "postal code"},
                        {&CheckoutForm::country, "XX", "country"},
                        {&CheckoutForm::card_number, "", "number"},
                        {&CheckoutForm::card_number, "4111x", "digits"},
                        {&CheckoutForm::security_code, "12", "security code"},
                        {&CheckoutForm::security_code, "12345", "security code"},
                        {&CheckoutForm::expiry_month, "0", "month"},
                        {&CheckoutForm::expiry_month, "13", "month"},
                        {&CheckoutForm::expiry_year, "203", "year"},
                        {&CheckoutForm::expiry_year, "soon", "year"}};
  for (const auto& one : cases) {
    auto form = filled();
    form.*one.field = one.value;
    EXPECT_THAT(complaint(form), testing::HasSubstr(one.word)) << one.value;
  }
  EXPECT_EQ(complaint(filled()), "");
}

}  // namespace
}  // namespace boutique::frontend
