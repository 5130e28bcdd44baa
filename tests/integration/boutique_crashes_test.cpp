// Orders of the boutique over all that ends a host or one of its plugins in the middle of one: each is placed once or
// not at all, and charged only if it is placed.
#include <Poco/Exception.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/boutique_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;

constexpr int kCustomers = 3;

class BoutiqueCrashesTest : public BoutiqueTest {
 protected:
  /// Customers who place one order after the other, each with a cart and a key of its own. Where that fails they ask
  /// again, but leave every other one as it is.
  void open_doors() {
    for (int i = 0; i < kCustomers; ++i) {
      customers_.emplace_back([this, i] {
        for (int number = i; !is_over_; number += kCustomers) buy(number);
      });
    }
  }
  /// Orders that are placed, or refused for good.
  void wait_for_more(int count) {
    std::unique_lock lock(mutex_);
    const auto wanted = placed_ + refused_ + count;
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return placed_ + refused_ >= wanted; }));
  }
  void close_doors() {
    is_over_ = true;
    for (auto& customer : customers_) customer.join();
  }
  void start_again() {
    start();
    const std::lock_guard lock(mutex_);
    ++starts_;
    changed_.notify_all();
  }

  /// Before anybody asks again.
  void expect_charged_only_if_placed() const {
    wait_until_settled();
    for (int number = 0; number <= last_; ++number) {
      const auto key = name_of(number, 'a');
      EXPECT_EQ(transaction(key) != "", order(key).status == 200) << key;
    }
  }
  /// Each customer asks again.
  void expect_all_placed_once() const {
    std::set<std::string> transactions;
    for (int number = 0; number <= last_; ++number) {
      const auto key = name_of(number, 'a');
      const auto before = order(key);
      const auto charged = transaction(key);
      if (before.status != 200) {
        // Where that was what was lost.
        EXPECT_EQ(cart_call("PUT", name_of(number), "?product=spoon&quantity=2").status, 204) << key;
      }
      const auto placed = place(key, name_of(number));
      ASSERT_EQ(placed.status, 200) << key << placed.body;
      EXPECT_EQ(placed.json()["total"], (json{{"currency", "EUR"}, {"units", 15}, {"nanos", 333'333'332}})) << key;
      if (before.status == 200) {
        EXPECT_EQ(placed.json(), before.json()) << key;
        EXPECT_EQ(transaction(key), charged) << key;
      }
      EXPECT_TRUE(transactions.insert(transaction(key)).second) << key;
      expect_mail(key);
      expect_taken(name_of(number), "spoon");
    }
    for (const auto* subscriber : {"boutique-email", "boutique-cart"}) {
      EXPECT_EQ(json::parse(mortise({"events", "dead", subscriber, "--json"}).out)["events"].size(), 0U) << subscriber;
    }
  }

 private:
  void buy(int number) {
    {
      const std::lock_guard lock(mutex_);
      last_ = std::max(last_, number);
    }
    const auto cart = name_of(number);
    bool is_done = false;
    while (!is_done && !is_over_) {
      is_done = succeeds([&] { return cart_call("PUT", cart, "?product=spoon&quantity=2").status == 204; });
    }
    is_done = false;
    while (!is_done && !is_over_) {
      bool is_refused = false;
      const bool is_placed = succeeds([&] {
        const auto status = place(name_of(number, 'a'), cart).status;
        is_refused = status == 400;
        return status == 200;
      });
      is_done = is_placed || is_refused || number % 2 != 0;
      const std::lock_guard lock(mutex_);
      if (is_placed) ++placed_;
      if (is_refused) ++refused_;
      changed_.notify_all();
    }
  }
  /// After a lost connection as soon as there is a host again.
  template <class Call>
  bool succeeds(const Call& call) {
    int starts = 0;
    {
      const std::lock_guard lock(mutex_);
      starts = starts_;
    }
    try {
      if (call()) return true;
      ++failures_;
    } catch (const Poco::Exception&) {
      ++failures_;
      std::unique_lock lock(mutex_);
      EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return starts_ != starts; }));
    }
    return false;
  }

  std::atomic<bool> is_over_{false};  // says no more than that
  std::mutex mutex_;
  std::condition_variable changed_;
  int starts_ = 0;  // guarded by mutex_: of hosts, after the first
  std::vector<std::thread> customers_;

 protected:
  // Guarded by mutex_ while doors are open:
  int placed_ = 0;
  int refused_ = 0;
  std::atomic<int> failures_{0};  // counts no more than that
  int last_ = 0;                  // the highest number that somebody has tried; guarded by mutex_ while doors are open
};

constexpr int kHostRounds = 25;  // in which it is killed

TEST_P(BoutiqueCrashesTest, AKilledHostLeavesNoOrderChargedAndNotPlaced) {
  start();
  open_doors();
  for (int i = 0; i < kHostRounds; ++i) {
    wait_for_more(1 + i % 7);
    host_->signal(SIGKILL);  // the supervisor, which takes the host process along
    host_->wait();
    start_again();
  }
  close_doors();
  expect_charged_only_if_placed();
  expect_all_placed_once();
}

TEST_P(BoutiqueCrashesTest, AKilledHostLeavesNothingChargedThatCannotBeSent) {
  start();
  open_doors();
  for (int i = 0; i < kHostRounds; ++i) {
    // Every other round nothing can be sent, which is seen when it is charged.
    if (i % 2 == 0) {
      testing::write_file(full_stalls(), "");
    } else {
      std::filesystem::remove(full_stalls());
    }
    wait_for_more(1 + i % 7);
    host_->signal(SIGKILL);
    host_->wait();
    start_again();
  }
  close_doors();
  EXPECT_GT(placed_, 0);
  EXPECT_GT(refused_, 0);
  expect_charged_only_if_placed();
}

TEST_P(BoutiqueCrashesTest, AnUpgradeOfTheHostIsNotNoticed) {
  start();
  open_doors();
  wait_for_more(10);
  upgrade();
  wait_for_more(10);
  close_doors();
  EXPECT_EQ(failures_, 0);
  expect_all_placed_once();
}

/// A plugin that ships, as a build of its next version.
std::string next_version_of(const std::string& plugin) {
  auto image = testing::read_file(shipped_file(plugin));
  const std::string former = "\"1.0.0\"";  // as the manifest has it; of the same length as what takes its place
  for (auto at = image.find(former); at != std::string::npos; at = image.find(former, at)) {
    image.replace(at, former.size(), "\"1.0.1\"");
  }
  return image;
}

TEST_P(BoutiqueCrashesTest, NextVersionsAreNotNoticed) {
  start();
  open_doors();
  for (const std::string plugin : {"boutique-checkout", "boutique-payment", "boutique-cart", "boutique-email"}) {
    wait_for_more(5);
    const auto file = prefix_.state_directory() / (plugin + ".so");
    testing::write_file(file, next_version_of(plugin));
    prefix_.drop(file, plugin + "-1.0.1");
    host_->wait_for_version(plugin, "1.0.1");
  }
  wait_for_more(5);
  close_doors();
  EXPECT_EQ(failures_, 0);
  expect_all_placed_once();
}

MORTISE_BOTH_PLACEMENTS(BoutiqueCrashesTest);

class BoutiqueWorkersTest : public BoutiqueCrashesTest {
 protected:
  [[nodiscard]] pid_t worker_of(const std::string& plugin) const {
    const auto status = host_->ask("GET", "/v1/status");
    for (const auto& one : status["plugins"]) {
      if (one["name"] == plugin) return one["worker"]["pid"].get<pid_t>();
    }
    return 0;
  }
  /// Ends with the stopped worker of payment, whose caller has waited in vain.
  void place_in_vain(const std::string& key, const std::string& cart) {
    prefix_.write_plugin("buys", R"({"placement": "isolated", "limits": {"deadline": "3s"}})");
    start();
    fill(cart, "teapot");
    payment_ = worker_of("boutique-payment");
    ASSERT_GT(payment_, 0) << host_->ask("GET", "/v1/status")["plugins"];
    stop_process(payment_);
    // Checkout's own words, or the deadline's.
    EXPECT_THAT(place(key, cart).status, ::testing::AnyOf(503, 504));
    host_->wait_for_log("nobody knows whether an order was charged");
  }
  void let_payment_go() const {
    ASSERT_GT(payment_, 0);
    ASSERT_EQ(::kill(payment_, SIGCONT), 0);
  }

  pid_t payment_ = 0;
};

constexpr int kWorkerRounds = 20;

TEST_P(BoutiqueWorkersTest, KilledWorkersLeaveNoOrderChargedAndNotPlaced) {
  start();
  open_doors();
  const std::vector<std::string> plugins{"boutique-checkout", "boutique-payment", "boutique-cart", "stalls"};
  int killed = 0;
  for (int i = 0; i < kWorkerRounds; ++i) {
    wait_for_more(1 + i % 7);
    const auto pid = worker_of(plugins[static_cast<std::size_t>(i) % plugins.size()]);
    if (pid > 0 && ::kill(pid, SIGKILL) == 0) ++killed;  // it may just be coming back
  }
  wait_for_more(1);
  close_doors();
  EXPECT_GT(killed, 0);
  expect_charged_only_if_placed();
  expect_all_placed_once();
}

TEST_P(BoutiqueWorkersTest, KilledWorkersLeaveNothingChargedThatCannotBeSent) {
  start();
  testing::write_file(full_stalls(), "");
  open_doors();
  const std::vector<std::string> plugins{"boutique-checkout", "boutique-payment"};
  for (int i = 0; i < kWorkerRounds; ++i) {
    wait_for_more(1 + i % 7);
    const auto pid = worker_of(plugins[static_cast<std::size_t>(i) % plugins.size()]);
    if (pid > 0) ::kill(pid, SIGKILL);
  }
  wait_for_more(1);
  close_doors();
  EXPECT_EQ(placed_, 0);
  wait_until_settled();
  for (int number = 0; number <= last_; ++number) EXPECT_EQ(transaction(name_of(number, 'a')), "") << number;
}

TEST_P(BoutiqueWorkersTest, NothingIsChargedForACustomerWhoWaitsNoLonger) {
  const auto key = name_of(1, 'a');
  place_in_vain(key, name_of(1));
  let_payment_go();
  expect_nothing_placed(key, name_of(1), {{"teapot", 1}});
  EXPECT_EQ(place(key, name_of(1)).status, 200) << "asked again with the same key";
  EXPECT_NE(transaction(key), "");
}

TEST_P(BoutiqueWorkersTest, AnOrderThatNobodyWasChargedForIsForgotten) {
  const auto key = name_of(1, 'a');
  place_in_vain(key, name_of(1));
  fill(name_of(2), "spoon");
  let_payment_go();
  host_->wait_for_log("an order that nobody was charged for was forgotten");
  expect_nothing_placed(key, name_of(1), {{"teapot", 1}});
  EXPECT_EQ(place(key, name_of(2)).status, 200) << "of another cart";
}

TEST_P(BoutiqueWorkersTest, AnAddressThatIsCorrectedIsWhereTheOrderGoes) {
  prefix_.enable("boutique-checkout", {{"settle_after_seconds", 1}, {"give_up_after_seconds", 3600}});
  const auto key = name_of(1, 'a');
  place_in_vain(key, name_of(1));
  let_payment_go();
  expect_refused(place(key, name_of(1), customer({{"street", " "}})), 400, "the street");
  expect_refused(place(key, name_of(1), customer({{"country", "DE"}})), 400,
                 "begun with the shipping to the country GB");
  expect_nothing_placed(key, name_of(1), {{"teapot", 1}});
  const auto placed = place(key, name_of(1), customer({{"street", "1 The Strand"}, {"email", "ada@example.org"}}));
  ASSERT_EQ(placed.status, 200) << placed.body;
  EXPECT_EQ(placed.json()["street"], "1 The Strand");
  EXPECT_EQ(order(key).json(), placed.json());
  const auto written = mail(key);
  EXPECT_EQ(written["to"], "ada@example.org");
  EXPECT_THAT(written["text"].get<std::string>(), ::testing::HasSubstr("1 The Strand"));
}

INSTANTIATE_TEST_SUITE_P(Placed, BoutiqueWorkersTest, ::testing::Values("isolated"), placement_name);

}  // namespace
}  // namespace mortise::integration
