// Releases while requests pour in: every answer is whole and from one generation, and the old ones go.
#include <atomic>
#include <deque>
#include <thread>

#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

using testing::bytes;
using testing::TestPlugin;

class PublicationLoadTest : public testing::EdgeTest {
 protected:
  /// A plugin that says its number in every way that there is to answer.
  TestPlugin& add_plugin(std::size_t number) {
    auto& test = plugin();
    const auto text = make_text(number);
    test.says("/whole", text);
    test.on(
        "GET", "/pool", [&test, text](auto* exchange, const auto&) { return test.respond(exchange, text); },
        MORTISE_HTTP_ROUTE_BLOCKING);
    test.on("GET", "/streamed", [&test, text](auto* exchange, const auto&) {
      const auto head = TestPlugin::head(200, std::string_view(text).substr(0, 10));
      test.http().start(exchange, &head);
      test.http().write(exchange, bytes(std::string_view(text).substr(10)), 30000);
      return test.http().finish(exchange);
    });
    return test;
  }
  static std::string make_text(std::size_t number) {
    std::string text;
    while (text.size() < 2000) text += "generation " + std::to_string(number) + ";";
    return text;
  }
};

TEST_F(PublicationLoadTest, EveryAnswerIsWholeAndOfOneGeneration) {
  start();
  constexpr std::size_t kGenerations = 40;
  constexpr int kClients = 8;
  constexpr int kRequests = 3000;
  std::vector<std::weak_ptr<runtime::Generation>> generations;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < kGenerations; ++i) texts.push_back(make_text(i));
  generations.push_back(publish(add_plugin(0)));

  std::atomic<int> asked{0};
  std::atomic<std::size_t> newest{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      auto client = std::make_unique<testing::Client>(port());
      std::size_t seen = 0;
      for (int n = asked++; n < kRequests; n = asked++) {
        const auto* path = n % 3 == 0 ? "/whole" : n % 3 == 1 ? "/pool" : "/streamed";
        if (n % 50 == 0) client = std::make_unique<testing::Client>(port());
        const auto answer = client->send(std::string("GET ") + path + " HTTP/1.1\r\nHost: a\r\n\r\n").read();
        ASSERT_EQ(answer.status, 200U);
        // Of the generations that were published at some time since this client's last answer.
        while (seen < newest + 1 && seen < kGenerations - 1 && texts[seen] != answer.body) ++seen;
        ASSERT_EQ(answer.body, texts[seen]);
      }
    });
  }
  for (std::size_t i = 1; i < kGenerations; ++i) {
    // Spread over the load, whatever the machine's speed.
    while (asked < static_cast<int>(i) * kRequests / static_cast<int>(kGenerations)) std::this_thread::yield();
    generations.push_back(publish(add_plugin(i)));
    newest = i;
  }
  for (auto& client : clients) client.join();
  publish_release({});
  EXPECT_TRUE(wait_for_no_generation());
  for (const auto& generation : generations) EXPECT_TRUE(generation.expired());
}

TEST_F(PublicationLoadTest, SwitchesAllLoopsAsOne) {
  ServerSettings settings;
  settings.threads = 16;
  start(std::move(settings));
  constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto former = init(plugin().says("/", "former")).value();
  const auto next = init(plugin().says("/", "next")).value();
  // So many that each loop has some.
  std::deque<testing::Client> clients;
  for (int i = 0; i < 64; ++i) clients.emplace_back(port());
  for (int round = 0; round < 200; ++round) {
    publish_release({&former, 1});
    for (auto& client : clients) ASSERT_EQ(client.send(kRequest).read().body, "former");
    std::thread publisher([&] { publish_release({&next, 1}); });
    while (clients[0].send(kRequest).read().body != "next") continue;
    for (auto& client : clients) client.send(kRequest);
    for (auto& client : clients) EXPECT_EQ(client.read().body, "next") << round;
    publisher.join();
  }
}

}  // namespace
}  // namespace mortise::http
