// Orders of the boutique as its customers have them: what they cost, what is refused, and that each is placed once.
#include <sqlite3.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "support/boutique_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class BoutiqueOrdersTest : public BoutiqueTest {};

/// One statement on the database of a plugin, while no host runs. Returns the first column of its first row, if there
/// is one.
std::string run_on_database(const std::filesystem::path& file, const std::string& statement) {
  sqlite3* database = nullptr;
  sqlite3_stmt* prepared = nullptr;
  std::string first;
  EXPECT_EQ(::sqlite3_open(file.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(::sqlite3_prepare_v2(database, statement.c_str(), -1, &prepared, nullptr), SQLITE_OK)
      << ::sqlite3_errmsg(database);
  const auto stepped = ::sqlite3_step(prepared);
  EXPECT_TRUE(stepped == SQLITE_ROW || stepped == SQLITE_DONE) << ::sqlite3_errmsg(database);
  if (stepped == SQLITE_ROW) first = reinterpret_cast<const char*>(::sqlite3_column_text(prepared, 0));
  ::sqlite3_finalize(prepared);
  ::sqlite3_close(database);
  return first;
}

TEST_P(BoutiqueOrdersTest, AnOrderIsWhatWasInTheCartAtTheExactPrice) {
  start();
  const auto cart = name_of(1);
  fill(cart, "teapot", 2);
  fill(cart, "spoon");
  const auto placed = place(name_of(1, 'a'), cart);
  ASSERT_EQ(placed.status, 200) << placed.body;
  const json euros{{"currency", "EUR"}, {"units", 39}, {"nanos", 800'000'000}};
  const json spoons{{"currency", "EUR"}, {"units", 6}, {"nanos", 666'666'666}};
  EXPECT_EQ(placed.json(), (json{{"id", name_of(1, 'a')},
                                 {"tracking", "stall-" + name_of(1, 'a')},
                                 {"email", "ada@example.com"},
                                 {"street", "12 St James's Sq"},
                                 {"lines",
                                  {{{"product", "teapot"}, {"name", "Teapot"}, {"quantity", 2}, {"price", euros}},
                                   {{"product", "spoon"}, {"name", "Spoon"}, {"quantity", 1}, {"price", spoons}}}},
                                 {"shipping", {{"currency", "EUR"}, {"units", 3}, {"nanos", 0}}},
                                 {"total", {{"currency", "EUR"}, {"units", 89}, {"nanos", 266'666'666}}}}));
  EXPECT_EQ(order(name_of(1, 'a')).json(), placed.json());
  EXPECT_EQ(transaction(name_of(1, 'a')).size(), 32U);
}

TEST_P(BoutiqueOrdersTest, ItsCartIsEmptyAMomentLaterAndItsCustomerHasMail) {
  start();
  fill(name_of(1), "teapot", 2);
  fill(name_of(2), "teapot", 3);
  ASSERT_EQ(place(name_of(1, 'a'), name_of(1)).status, 200);
  expect_taken(name_of(1), "teapot");
  EXPECT_EQ(lines(name_of(2)), (json{{"teapot", 3}})) << "somebody else's";
  const auto written = mail(name_of(1, 'a'));
  EXPECT_EQ(written["to"], "ada@example.com");
  EXPECT_EQ(written["subject"], "Your order " + name_of(1, 'a'));
  EXPECT_THAT(
      written["text"].get<std::string>(),
      AllOf(HasSubstr("2 x Teapot, 39.80 EUR each: 79.60 EUR\n"), HasSubstr("Shipping: 2.00 EUR\n"),
            HasSubstr("Total: 81.60 EUR\n"), HasSubstr("SW1Y 4JH London\n"), HasSubstr("stall-" + name_of(1, 'a'))));
  EXPECT_EQ(host_->get("/buys/mails/" + name_of(2, 'a')).status, 404);
}

TEST_P(BoutiqueOrdersTest, AskedForAgainItIsTheSameOne) {
  start();
  fill(name_of(1), "teapot");
  const auto placed = place(name_of(1, 'a'), name_of(1));
  const auto charged = transaction(name_of(1, 'a'));
  expect_taken(name_of(1), "teapot");
  for (const auto& who : {customer(), customer({{"card", "a wrong one"}}), customer({{"currency", "JPY"}})}) {
    EXPECT_EQ(place(name_of(1, 'a'), name_of(1), who).json(), placed.json());
  }
  fill(name_of(1), "spoon");
  EXPECT_EQ(host_->stop(), 0);
  start();
  EXPECT_EQ(place(name_of(1, 'a'), name_of(1)).json(), placed.json());
  EXPECT_EQ(transaction(name_of(1, 'a')), charged);
  EXPECT_EQ(lines(name_of(1)), (json{{"spoon", 1}})) << "it was emptied once";
}

TEST_P(BoutiqueOrdersTest, ManyWhoAskAtOncePlaceItOnce) {
  start();
  for (int number = 0; number < 5; ++number) {
    const auto key = name_of(number, 'a');
    fill(name_of(number), "spoon", 2);
    std::vector<std::string> answers(6);
    std::vector<std::thread> threads;
    for (auto& answer : answers) {
      threads.emplace_back([&] { answer = place(key, name_of(number)).body; });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& answer : answers) EXPECT_EQ(answer, order(key).body);
    expect_mail(key);
  }
  const auto dead = json::parse(mortise({"events", "dead", "boutique-email", "--json"}).out);
  EXPECT_EQ(dead["events"].size(), 0U) << "a second mail could not be written: " << dead;
}

TEST_P(BoutiqueOrdersTest, ARefusedCardPlacesNothingAndAnotherOneDoes) {
  start();
  const auto key = name_of(1, 'a');
  fill(name_of(1), "teapot");
  const json kept{{"teapot", 1}};
  const std::vector<std::pair<json, std::string>> wrong{
      {{{"card", "4111 1111 1111 1112"}}, "the card's number is not right"},
      {{{"card", "6011 1111 1111 1117"}}, "we take Visa and Mastercard alone"},
      {{{"expiry_year", 2020}}, "the card has expired"},
      {{{"expiry_month", 13}}, "a card's expiry is a month"},
      {{{"security_code", -1}}, "the card's security code"}};
  for (const auto& [change, why] : wrong) {
    expect_refused(place(key, name_of(1), customer(change)), 400, why);
    expect_nothing_placed(key, name_of(1), kept);
  }
  fill(name_of(1), "spoon");  // nothing was kept of what it was when the card was refused
  const auto placed = place(key, name_of(1), customer({{"card", kMastercard}}));
  ASSERT_EQ(placed.status, 200) << placed.body;
  EXPECT_EQ(placed.json()["lines"].size(), 2U);
}

TEST_P(BoutiqueOrdersTest, SaysWhatIsWrongAboutIt) {
  start();
  const auto key = name_of(1, 'a');
  fill(name_of(1), "teapot");
  fill(name_of(2), "unknown");
  fill(name_of(3), "villa", 2);
  expect_refused(place(key, name_of(1), customer({{"email", "ada"}})), 400, "e-mail address");
  expect_refused(place(key, name_of(1), customer({{"street", " "}})), 400, "the street");
  expect_refused(place(key, name_of(1), customer({{"country", "Utopia"}})), 400, "the country");
  expect_refused(place(key, name_of(1), customer({{"currency", "XXX"}})), 400, "do not take the currency 'XXX'");
  expect_refused(place(key, name_of(2)), 400, "'unknown' is not for sale");
  expect_refused(place(key, name_of(3)), 400, "the amount of money is too large");
  expect_refused(place(key, name_of(4)), 400, "the cart is empty");
  expect_refused(place(key, "no-cart"), 400, "32 hexadecimal digits");
  expect_refused(place("no-key", name_of(1)), 400, "32 hexadecimal digits");
  expect_nothing_placed(key, name_of(1), {{"teapot", 1}});
}

TEST_P(BoutiqueOrdersTest, ACartHoldsWhatItsRulesAllow) {
  start();
  const auto cart = name_of(1);
  fill(cart, "teapot", 98);
  fill(cart, "teapot");
  const json full{{"teapot", 99}};
  for (const auto* query :
       {"?product=teapot", "?product=spoon&quantity=0", "?product=spoon&quantity=-1", "?product=spoon&quantity=100",
        "?product=spoon&quantity=2147483647", "?product=spoon&quantity=-2147483648", "?product=", "?product=Tea+pot"}) {
    EXPECT_EQ(cart_call("POST", cart, query).status, 400) << query;
    EXPECT_EQ(lines(cart), full) << query;
  }
  for (const auto* query : {"?product=teapot&quantity=100", "?product=teapot&quantity=-1"}) {
    EXPECT_EQ(cart_call("PUT", cart, query).status, 400) << query;
  }
  EXPECT_EQ(lines(cart), full);
  EXPECT_EQ(cart_call("PUT", cart, "?product=teapot&quantity=3").status, 204);
  for (int i = 1; i < 100; ++i) fill(cart, "product-" + std::to_string(i));
  EXPECT_EQ(cart_call("POST", cart, "?product=one-more").status, 400);
  EXPECT_EQ(cart_call("PUT", cart, "?product=one-more&quantity=1").status, 400);
  EXPECT_EQ(lines(cart).size(), 100U);
  EXPECT_EQ(lines(cart)["teapot"], 3);
  EXPECT_EQ(cart_call("PUT", cart, "?product=teapot&quantity=0").status, 204);
  EXPECT_EQ(lines(cart).size(), 99U);
  EXPECT_EQ(cart_call("DELETE", cart, "").status, 204);
  EXPECT_EQ(lines(cart), json::object());
  EXPECT_EQ(cart_call("GET", "x", "").status, 400);
}

TEST_P(BoutiqueOrdersTest, WithoutPaymentNothingIsPlacedUntilItIsBack) {
  start();
  const auto key = name_of(1, 'a');
  fill(name_of(1), "teapot");
  prefix_.disable("boutique-payment");
  host_->wait_until_gone("boutique-payment");
  expect_refused(place(key, name_of(1)), 503, "the boutique's payment service is not there");
  EXPECT_EQ(order(key).status, 404);
  EXPECT_EQ(lines(name_of(1)), (json{{"teapot", 1}}));
  prefix_.enable("boutique-payment");
  host_->wait_for_version("boutique-payment", "1.0.0");
  expect_nothing_placed(key, name_of(1), {{"teapot", 1}});
  EXPECT_EQ(place(key, name_of(1)).status, 200);
  expect_taken(name_of(1), "teapot");
}

TEST_P(BoutiqueOrdersTest, OneThatIsChargedAndCannotBeSentIsPlacedWhenItCan) {
  start();
  const auto key = name_of(1, 'a');
  fill(name_of(1), "teapot");
  testing::write_file(closed_stalls(), "");
  expect_refused(place(key, name_of(1)), 503, "the card was charged");
  const auto charged = transaction(key);
  EXPECT_NE(charged, "");
  EXPECT_EQ(order(key).status, 404);
  expect_key(key, name_of(1), Key::under_way);
  fill(name_of(2), "spoon");
  expect_refused(place(key, name_of(2)), 400, "begun for another cart");
  expect_key(key, name_of(2), Key::of_no_use, "an order with that key was begun for another cart");
  expect_refused(place(key, name_of(1), customer({{"street", "somewhere else"}})), 503, "the card was charged");
  fill(name_of(1), "spoon");
  host_->wait_for_log("an order waits to be settled");
  std::filesystem::remove(closed_stalls());
  const auto placed = order(key, "?wait").json();  // nobody has asked for it again
  EXPECT_EQ(placed["lines"].size(), 1U) << "as it was when it was charged";
  EXPECT_EQ(placed["street"], "12 St James's Sq") << "where it may have been sent to before";
  EXPECT_EQ(transaction(key), charged);
  EXPECT_EQ(mail(key)["to"], "ada@example.com");
  EXPECT_EQ(place(key, name_of(1)).json(), placed);
  expect_key(key, name_of(1), Key::placed);
  expect_taken(name_of(1), "teapot", {{"spoon", 1}});  // what came after it stays
}

TEST_P(BoutiqueOrdersTest, AnAddressThatNothingIsSentToCostsNobodyMoney) {
  start();
  const auto key = name_of(1, 'a');
  fill(name_of(1), "teapot");
  expect_refused(place(key, name_of(1), customer({{"country", "AQ"}})), 400, "do not send to the Antarctic");
  expect_nothing_placed(key, name_of(1), {{"teapot", 1}});
  EXPECT_EQ(place(key, name_of(1)).status, 200) << "to another address";
  EXPECT_EQ(host_->stop(), 0);
  EXPECT_THAT(host_->log_text(), Not(HasSubstr("an order that cannot be sent"))) << "it was not even charged";
}

TEST_P(BoutiqueOrdersTest, OneThatTurnsOutAsNothingThatCanBeSentIsCancelled) {
  start();
  const auto key = name_of(1, 'a');
  fill(name_of(1), "teapot");
  expect_key(key, name_of(1), Key::not_begun);
  testing::write_file(full_stalls(), "");
  expect_refused(place(key, name_of(1)), 400, "nobody drives there now; the charge of the card was cancelled");
  expect_key(key, name_of(1), Key::of_no_use,
             "the order cannot be sent: nobody drives there now; the charge of the card was cancelled");
  EXPECT_EQ(host_->wait_for_log("charged")["order"], key);
  expect_nothing_placed(key, name_of(1), {{"teapot", 1}});
  std::filesystem::remove(full_stalls());
  expect_refused(place(key, name_of(1)), 400, "nobody drives there now; the charge of the card was cancelled");
  expect_nothing_placed(key, name_of(1), {{"teapot", 1}});
  EXPECT_EQ(place(name_of(2, 'a'), name_of(1)).status, 200) << "with another key";
  wait_until_settled();
  EXPECT_EQ(transaction(key), "");
}

TEST_P(BoutiqueOrdersTest, OneThatWaitsAndCannotBeSentIsCancelledByItself) {
  start();
  const auto key = name_of(1, 'a');
  fill(name_of(1), "teapot");
  testing::write_file(closed_stalls(), "");
  expect_refused(place(key, name_of(1)), 503, "the card was charged");
  EXPECT_NE(transaction(key), "");
  testing::write_file(full_stalls(), "");
  std::filesystem::remove(closed_stalls());
  EXPECT_EQ(host_->wait_for_log("an order that cannot be sent was cancelled")["order"], key);
  expect_nothing_placed(key, name_of(1), {{"teapot", 1}});
  wait_until_settled();
  EXPECT_EQ(host_->stop(), 0);
  const auto kept = run_on_database(prefix_.state_directory() / "sql/boutique-checkout.sqlite",
                                    "SELECT key || '|' || email || '|' || street || '|' || refusal FROM orders");
  EXPECT_EQ(kept, key + "|||nobody drives there now");
}

TEST_P(BoutiqueOrdersTest, WithoutPaymentAChargeIsCancelledWhenItIsBack) {
  start();
  const auto key = name_of(1, 'a');
  fill(name_of(1), "teapot");
  testing::write_file(closed_stalls(), "");
  expect_refused(place(key, name_of(1)), 503, "the card was charged");
  prefix_.disable("boutique-payment");
  host_->wait_until_gone("boutique-payment");
  testing::write_file(full_stalls(), "");
  std::filesystem::remove(closed_stalls());
  host_->wait_for_log("an order waits to be settled", [](const json& line) {
    return line["reason"].get<std::string>().find("payment") != std::string::npos;
  });
  prefix_.enable("boutique-payment");
  host_->wait_for_log("an order that cannot be sent was cancelled");
  expect_nothing_placed(key, name_of(1), {{"teapot", 1}});
}

TEST_P(BoutiqueOrdersTest, NothingKeepsTheNumberOfACard) {
  start();
  fill(name_of(1), "teapot");
  fill(name_of(2), "teapot");
  ASSERT_EQ(place(name_of(1, 'a'), name_of(1), customer({{"card", kMastercard}})).status, 200);
  ASSERT_EQ(place(name_of(2, 'a'), name_of(2), customer({{"card", "5555555555554445"}})).status, 400);
  expect_mail(name_of(1, 'a'));
  EXPECT_EQ(host_->stop(), 0);
  EXPECT_THAT(host_->log_text(), AllOf(HasSubstr("4444"), Not(HasSubstr("555555555555"))));
  int files = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(prefix_.state_directory() / "sql")) {
    if (!file.is_regular_file()) continue;
    ++files;
    EXPECT_THAT(testing::read_file(file.path()), Not(HasSubstr("555555555555"))) << file.path();
  }
  EXPECT_GE(files, 4);
}

TEST_P(BoutiqueOrdersTest, CartsThatNobodyComesBackToAreRemoved) {
  prefix_.enable("boutique-cart", {{"keep_days", 2}});
  start();
  fill(name_of(1), "teapot");
  fill(name_of(2), "teapot");
  EXPECT_EQ(host_->stop(), 0);
  run_on_database(prefix_.state_directory() / "sql/boutique-cart.sqlite",
                  "UPDATE cart SET changed = changed - 2 * 86400 WHERE name = '" + name_of(1) + "'");
  start();
  EXPECT_EQ(host_->wait_for_log("carts that nobody came back to were removed")["carts"], "1");
  EXPECT_EQ(lines(name_of(1)), json::object());
  EXPECT_EQ(lines(name_of(2)), (json{{"teapot", 1}}));
}

TEST_P(BoutiqueOrdersTest, TheServicesThatShipPlaceOne) {
  prefix_.disable("stalls");
  for (const auto* name : {"boutique-catalog", "boutique-currency", "boutique-shipping"}) prefix_.add_shipped(name);
  start();
  fill(name_of(1), "teapot", 2);
  const auto placed = place(name_of(1, 'a'), name_of(1), customer({{"currency", "USD"}}));
  ASSERT_EQ(placed.status, 200) << placed.body;
  EXPECT_EQ(placed.json()["lines"][0]["price"], (json{{"currency", "USD"}, {"units", 48}, {"nanos", 500'000'000}}));
  EXPECT_EQ(placed.json()["total"], (json{{"currency", "USD"}, {"units", 116}, {"nanos", 0}}));
  EXPECT_EQ(place(name_of(1, 'a'), name_of(1)).json(), placed.json());
  EXPECT_THAT(mail(name_of(1, 'a'))["text"].get<std::string>(),
              AllOf(HasSubstr("Total: 116.00 USD\n"), HasSubstr(placed.json()["tracking"].get<std::string>())));
  expect_taken(name_of(1), "teapot");
}

MORTISE_BOTH_PLACEMENTS(BoutiqueOrdersTest);

}  // namespace
}  // namespace mortise::integration
