// The fixture of tests with the boutique's carts, payment, checkout and e-mail: these as they ship, what else they need
// from the zoo's `stalls`, and a customer, the zoo's `buys`.
#pragma once

#include <atomic>
#include <chrono>
#include <iomanip>
#include <sstream>
#include <string>

#include "support/placed_test.hpp"
#include "support/upgrade_test.hpp"

namespace mortise::integration {

class BoutiqueTest : public UpgradeTest, public ::testing::WithParamInterface<const char*> {
 protected:
  using json = nlohmann::json;

  static constexpr const char* kVisa = "4111 1111 1111 1111";
  static constexpr const char* kMastercard = "5555555555554444";

  BoutiqueTest() {
    prefix_.place(GetParam());
    prefix_.configure({{"events", {{"retry_pause_ms", 10}, {"max_retry_pause_ms", 50}}},
                       {"tasks", {{"retry_pause_ms", 10}, {"max_retry_pause_ms", 50}}}});
    for (const auto* name : {"boutique-cart", "boutique-email", "boutique-payment"}) prefix_.add_shipped(name);
    prefix_.add_shipped("boutique-checkout", {{"settle_after_seconds", 1}, {"give_up_after_seconds", 1}});
    for (const auto* name : {"stalls", "buys"}) prefix_.add_zoo(name);
  }
  void start() {
    HostTest::start();
    port_ = host_->port();
  }

  /// The name of a cart, or the key of an order.
  static std::string name_of(int number, char first = 'c') {
    std::ostringstream text;
    text << first << std::setw(31) << std::setfill('0') << number;
    return text.str();
  }
  static json customer(const json& changes = json::object()) {
    json all{{"email", "ada@example.com"},
             {"currency", "EUR"},
             {"name", "Ada Lovelace"},
             {"street", "12 St James's Sq"},
             {"city", "London"},
             {"postal_code", "SW1Y 4JH"},
             {"country", "GB"},
             {"card", kVisa},
             {"security_code", 123},
             {"expiry_year", 2999},
             {"expiry_month", 12}};
    all.update(changes);
    return all;
  }

  [[nodiscard]] Answer cart_call(const std::string& method, const std::string& cart, const std::string& query) const {
    return Client(port_).send(method, "/buys/carts/" + cart + query);
  }
  void fill(const std::string& cart, const std::string& product, int quantity = 1) const {
    const auto added = cart_call("POST", cart, "?product=" + product + "&quantity=" + std::to_string(quantity));
    EXPECT_EQ(added.status, 204) << added.body;
  }
  [[nodiscard]] json lines(const std::string& cart) const { return cart_call("GET", cart, "").json(); }
  /// An order of that product has been taken out of the cart, once.
  void expect_taken(const std::string& cart, const std::string& product, const json& rest = json::object()) const {
    EXPECT_EQ(cart_call("GET", cart, "?without=" + product).json(), rest) << cart;
  }

  [[nodiscard]] Answer place(const std::string& key, const std::string& cart, const json& who = customer()) const {
    return Client(port_).send_json("POST", "/buys/orders/" + key + "?cart=" + cart, who);
  }
  [[nodiscard]] Answer order(const std::string& key, const std::string& query = "") const {
    return host_->get("/buys/orders/" + key + query);
  }
  enum class Key : int { not_begun, under_way, placed, of_no_use };
  void expect_key(const std::string& key, const std::string& cart, Key state, const std::string& why = "") const {
    const json wanted{{"state", static_cast<int>(state)}, {"why", why}};
    EXPECT_EQ(host_->get("/buys/keys/" + key + "?cart=" + cart).json(), wanted) << key;
  }
  [[nodiscard]] std::string transaction(const std::string& key) const {
    const auto answer = host_->get("/buys/transactions/" + key);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.body;
  }
  /// Once it is written.
  [[nodiscard]] json mail(const std::string& key) const { return host_->get("/buys/mails/" + key + "?wait").json(); }
  void expect_mail(const std::string& key) const { EXPECT_EQ(mail(key)["subject"], "Your order " + key); }

  /// Nothing was charged or placed, and the cart is as it was.
  void expect_nothing_placed(const std::string& key, const std::string& cart, const json& kept) const {
    EXPECT_EQ(order(key).status, 404);
    EXPECT_EQ(transaction(key), "");
    EXPECT_EQ(lines(cart), kept);
  }
  static void expect_refused(const Answer& answer, int status, const std::string& why) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_THAT(answer.body, ::testing::HasSubstr(why));
  }

  /// Waits until no order is left in the middle.
  void wait_until_settled() const {
    const auto limit = std::chrono::steady_clock::now() + kPatience;
    json tasks;
    const auto is_settled = [&] { return tasks["waiting"] == 0 && tasks["running"] == 0 && tasks["failing"] == 0; };
    do {
      tasks = json::parse(mortise({"tasks", "boutique-checkout", "--json"}).out)["handlers"][0];
    } while (!is_settled() && std::chrono::steady_clock::now() < limit);
    EXPECT_TRUE(is_settled()) << tasks;
    EXPECT_EQ(tasks["dead"], 0) << tasks;
  }
  /// The shipping answers that it cannot at the moment.
  [[nodiscard]] std::filesystem::path closed_stalls() const { return prefix_.data_directory("stalls") / "closed"; }
  /// That it will not, and only when it is to send.
  [[nodiscard]] std::filesystem::path full_stalls() const { return prefix_.data_directory("stalls") / "full"; }

  std::atomic<std::uint16_t> port_{0};  // a value on its own
};

}  // namespace mortise::integration
