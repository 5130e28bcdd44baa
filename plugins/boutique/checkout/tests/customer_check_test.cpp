#include "customer_check.hpp"

#include <gtest/gtest.h>
#include <mortise/error.hpp>

#include <functional>
#include <string>
#include <vector>

namespace boutique {
namespace {

const Address kAddress{"Ada Lovelace", "12 St James's Square", "London", "SW1Y 4JH", "GB"};

/// Why something is refused; empty: it is not.
std::string refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const mortise::Error& error) {
    EXPECT_EQ(error.status(), mortise::Status::invalid_argument);
    return error.what();
  }
  return "";
}
std::string refusal_of_email(const std::string& email) {
  return refusal([&] { check_email(email); });
}
std::string refusal_of_address(const Address& address) {
  return refusal([&] { check_address(address); });
}

TEST(CustomerCheckTest, AKeyHasThirtyTwoHexadecimalDigits) {
  const std::string digits(32, 'a');
  EXPECT_EQ(refusal([&] { check_key(digits); }), "");
  for (const auto& key : {std::string(), digits.substr(1), digits + "a", digits.substr(1) + "'"}) {
    EXPECT_NE(refusal([&] { check_key(key); }), "") << key;
  }
}

TEST(CustomerCheckTest, TakesAddressesOfMail) {
  for (const auto* email : {"ada@example.com", "a+b.c_d@sub.example.co.uk", "ünï@bücher.example", "o'hara@a.b"}) {
    EXPECT_EQ(refusal_of_email(email), "") << email;
  }
}

TEST(CustomerCheckTest, RefusesWhatIsNoAddressOfMail) {
  for (const std::string& email :
       {std::string(), std::string("ada"), std::string("@example.com"), std::string("ada@"), std::string("ada@example"),
        std::string("ada@.example.com"), std::string("ada@example.com."), std::string("ada@a..b"),
        std::string("ada@b@example.com"), std::string("ada lovelace@example.com"),
        std::string("ada@example.com\nBcc: all@example.com"), std::string("ada\0@example.com", 16),
        std::string(243, 'a') + "@example.com"}) {
    EXPECT_NE(refusal_of_email(email), "") << email;
  }
}

TEST(CustomerCheckTest, AnAddressIsComplete) {
  EXPECT_EQ(refusal_of_address(kAddress), "");
  using Member = mortise::Str Address::*;
  const std::vector<std::pair<Member, std::string>> members{{&Address::name, "the name"},
                                                            {&Address::street, "the street"},
                                                            {&Address::city, "the city"},
                                                            {&Address::postal_code, "the postal code"}};
  for (const auto& [member, what] : members) {
    auto address = kAddress;
    for (const auto* text : {"", "   "}) {
      address.*member = text;
      EXPECT_EQ(refusal_of_address(address), "please give " + what);
    }
  }
}

TEST(CustomerCheckTest, AnAddressIsBounded) {
  auto address = kAddress;
  const std::string longest(200, 'x');
  address.street = longest;
  EXPECT_EQ(refusal_of_address(address), "");
  const auto longer = longest + "x";
  address.street = longer;
  EXPECT_EQ(refusal_of_address(address), "the street is too long; 200 bytes is the most");
  address = kAddress;
  address.postal_code = "123456789012345678901";
  EXPECT_NE(refusal_of_address(address), "");
}

TEST(CustomerCheckTest, ALineOfAnAddressIsOneLine) {
  auto address = kAddress;
  address.name = "Ada\r\nTotal: 0.00 EUR";
  EXPECT_EQ(refusal_of_address(address), "the name must be one line of text");
}

TEST(CustomerCheckTest, ACountryIsACode) {
  auto address = kAddress;
  for (const auto* country : {"", "G", "gb", "GBR", "G1", "Great Britain"}) {
    address.country = country;
    EXPECT_NE(refusal_of_address(address), "") << country;
  }
}

}  // namespace
}  // namespace boutique
