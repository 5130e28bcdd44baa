// A plugin's keys and values, from its requests, over its upgrades, crashes and restarts.
#include <Poco/Exception.h>

#include <string>
#include <thread>
#include <vector>

#include "support/placed_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class KvTest : public PlacedTest {
 protected:
  void start_stores(const std::string& file = "stores-1.0", const json& settings = json::object()) {
    prefix_.drop(zoo_file(file));
    auto placed = settings;
    placed["placement"] = GetParam();
    prefix_.write_plugin("stores", placed.dump());
    start();
  }
  [[nodiscard]] Answer send(const std::string& method, const std::string& target, const std::string& body = "") const {
    return host_->connect().send(method, target, body);
  }
  /// Its version.
  [[nodiscard]] std::int64_t put(const std::string& key, const std::string& value,
                                 const std::string& terms = "") const {
    return std::stoll(send("PUT", "/stores?key=" + key + terms, value).body);
  }
  [[nodiscard]] std::string get(const std::string& key) const { return host_->get("/stores?key=" + key).body; }
  [[nodiscard]] int status_of(const std::string& key) const { return host_->get("/stores?key=" + key).status; }
  [[nodiscard]] std::string keys(const std::string& query) const { return host_->get("/stores/keys?" + query).body; }
  /// 0: the connection was lost.
  [[nodiscard]] int try_to(const std::string& method, const std::string& target) const {
    try {
      return send(method, target).status;
    } catch (const Poco::Exception&) {
      return 0;
    }
  }
};

TEST_P(KvTest, KeepsValuesOverARestart) {
  start_stores();
  const auto first = put("a", "1");
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(status_of("b"), 404);
  EXPECT_EQ(host_->stop(), 0);
  start();
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(host_->get("/stores/at-start").body, "1") << "also in the constructor";
  EXPECT_EQ(send("DELETE", "/stores?key=a").status, 204);
  EXPECT_EQ(send("DELETE", "/stores?key=a").status, 404);
  EXPECT_EQ(host_->stop(), 0);
  start();
  EXPECT_GT(put("a", "1"), first) << "no version comes again";
}

TEST_P(KvTest, ComparesBeforeItWrites) {
  start_stores();
  EXPECT_EQ(send("PUT", "/stores?key=a&version=7", "1").status, 409);
  const auto first = put("a", "1", "&version=0");
  EXPECT_EQ(send("PUT", "/stores?key=a&version=0", "2").status, 409);
  const auto second = put("a", "2", "&version=" + std::to_string(first));
  EXPECT_GT(second, first);
  EXPECT_EQ(send("PUT", "/stores?key=a&version=" + std::to_string(first), "3").status, 409);
  EXPECT_EQ(send("DELETE", "/stores?key=a&version=" + std::to_string(first)).status, 404);
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(host_->get("/stores/version?key=a").body, std::to_string(second));
  EXPECT_EQ(send("DELETE", "/stores?key=a&version=" + std::to_string(second)).status, 204);
}

TEST_P(KvTest, WhatHasATimeToLiveIsGoneWhenThatIsOver) {
  start_stores();
  const auto version = put("long", "1", "&ttl_ms=3600000");
  EXPECT_EQ(get("long"), "1");
  EXPECT_EQ(send("POST", "/stores/expire?key=long").status, 204);
  EXPECT_EQ(status_of("long"), 404);
  EXPECT_EQ(keys("limit=9"), "");
  EXPECT_EQ(send("PUT", "/stores?key=long&version=" + std::to_string(version), "2").status, 409);
  EXPECT_GT(put("long", "2", "&version=0"), version);
  static_cast<void>(put("short", "1", "&ttl_ms=1"));
  while (status_of("short") != 404) std::this_thread::yield();
  EXPECT_EQ(send("PUT", "/stores?key=never&ttl_ms=0").status, 400);
}

TEST_P(KvTest, KeysComeInTheOrderOfTheirBytesWhateverTheyAre) {
  start_stores();
  for (const auto* key : {"a%25", "a_", "ab", "a%27%22%3B--", "a%FF", "a%FF%FF", "b", "A", "a%00", "%FF"}) {
    static_cast<void>(put(key, "value"));
  }
  const std::string zero("a\0\n", 3);
  EXPECT_EQ(keys("limit=99"), "A\n" + zero + "a%\na'\";--\na_\nab\na\xff\na\xff\xff\nb\n\xff\n");
  EXPECT_EQ(keys("limit=99&prefix=a%25"), "a%\n");
  EXPECT_EQ(keys("limit=99&prefix=a_"), "a_\n");
  EXPECT_EQ(keys("limit=99&prefix=a%FF"), "a\xff\na\xff\xff\n");
  EXPECT_EQ(keys("limit=99&prefix=%FF"), "\xff\n");
  EXPECT_EQ(keys("limit=2&prefix=a&after=a_"), "ab\na\xff\n");
  EXPECT_EQ(send("GET", "/stores/keys?limit=0").status, 400);
}

TEST_P(KvTest, StatementsAndKeysAreWrittenTogetherOrNotAtAll) {
  start_stores();
  EXPECT_EQ(send("POST", "/stores/order?item=tea").status, 400);
  EXPECT_EQ(status_of("last"), 404);
  EXPECT_EQ(host_->get("/stores/orders").json(), json::array());
  static_cast<void>(put("cart", "tea"));
  EXPECT_EQ(send("POST", "/stores/order?item=tea").status, 204);
  EXPECT_EQ(get("last"), "tea");
  EXPECT_EQ(status_of("cart"), 404);
  EXPECT_EQ(host_->get("/stores/orders").json(), json({"tea"}));
}

TEST_P(KvTest, KeysAndValuesHaveTheirLimits) {
  start_stores();
  EXPECT_EQ(send("PUT", "/stores?key=", "1").status, 400);
  EXPECT_EQ(send("PUT", "/stores?key=" + std::string(1025, 'k'), "1").status, 400);
  EXPECT_EQ(send("PUT", "/stores?key=" + std::string(1024, 'k'), "1").status, 200);
  static_cast<void>(put("empty", ""));
  EXPECT_EQ(get("empty"), "");
  EXPECT_EQ(status_of("empty"), 200);
  const auto large = "/stores/large?key=" + std::string(1024, 'k') + "&bytes=";
  EXPECT_EQ(send("POST", large + "100000").body, "the same");
  EXPECT_EQ(send("POST", large + "67104768").body, "the same");
  EXPECT_EQ(send("POST", large + "67104769").status, 400);
}

TEST_P(KvTest, APageOfAScanEndsAtTheSameKeyWhereverThePluginRuns) {
  start_stores();
  const auto fill = [this](const std::string& key, std::uint64_t bytes) {
    EXPECT_EQ(send("POST", "/stores/large?key=" + key + "&bytes=" + std::to_string(bytes)).body, "the same");
  };
  constexpr std::uint64_t kFirst = std::uint64_t{40} << 20U;
  constexpr std::uint64_t kRest = 67107840 - kFirst - 2 * (1 + 64);
  fill("a", kFirst);
  fill("b", kRest);
  static_cast<void>(put("c", "1"));
  EXPECT_EQ(keys("limit=9"), "a\nb\n") << "to the last byte";
  EXPECT_EQ(keys("limit=9&after=b"), "c\n");
  EXPECT_EQ(keys("limit=9&after=c"), "");
  fill("b", kRest + 1);
  EXPECT_EQ(keys("limit=9"), "a\n");
  EXPECT_EQ(keys("limit=9&after=a"), "b\nc\n");
}

TEST_P(KvTest, KeepsJson) {
  start_stores();
  const json value{{"items", {1, "two", nullptr}}};
  EXPECT_EQ(host_->connect().send_json("PUT", "/stores/json", value).json(), value);
}

TEST_P(KvTest, CountersOfManyThreadsEndExact) {
  start_stores("stores-1.0", {{"limits", {{"concurrency", 16}}}});
  constexpr int kClients = 6;
  constexpr int kRounds = 20;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([this] {
      auto client = host_->connect();
      for (int round = 0; round < kRounds; ++round) EXPECT_EQ(client.send("POST", "/stores/count?key=n").status, 200);
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(get("n"), std::to_string(kClients * kRounds));
}

TEST_P(KvTest, TheNextVersionOfThePluginHasThemToo) {
  start_stores();
  const auto version = put("a", "tea");
  prefix_.drop(zoo_file("stores-1.1"));
  host_->wait_for_version("stores", "1.1.0");
  EXPECT_EQ(get("a"), "tea");
  EXPECT_EQ(host_->get("/stores/orders").json(), json({"tea"})) << "its migration has read them";
  EXPECT_GT(put("a", "milk", "&version=" + std::to_string(version)), version);
}

TEST_P(KvTest, WhoDoesNotNameTheInterfaceHasNoStore) {
  start_stores("stores-0.9-forgets");
  const auto reason = host_->wait_for_state("stores", "failed")["reason"].get<std::string>();
  EXPECT_THAT(reason, HasSubstr("name \"mortise.kv/1\" in the manifest's \"interfaces\""));
  prefix_.drop(zoo_file("stores-1.0"));
  host_->wait_for_version("stores", "1.0.0");
  EXPECT_GT(put("a", "1"), 0) << "in the database that was there already";
}

TEST_P(KvTest, AProcessThatIsKilledLosesNothingButWhatItWasAt) {
  start_stores();
  auto last = put("kept", "1");
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(try_to("POST", "/stores/die?key=lost"), 204);
    while (try_to("GET", "/stores?key=kept") != 200) std::this_thread::yield();
    EXPECT_EQ(get("kept"), std::to_string(i + 1));
    EXPECT_EQ(status_of("lost"), 404);
    const auto next = put("kept", std::to_string(i + 2), "&version=" + std::to_string(last));
    EXPECT_GT(next, last);
    last = next;
  }
}

MORTISE_BOTH_PLACEMENTS(KvTest);

}  // namespace
}  // namespace mortise::integration
