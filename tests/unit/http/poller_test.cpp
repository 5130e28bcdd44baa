#include "http/poller.hpp"

#include <atomic>
#include <string>

#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

using testing::Client;
using testing::Event;

class PollerTest : public testing::EdgeTest {
 protected:
  void start_one_loop() {
    ServerSettings settings;
    settings.threads = 1;
    start(std::move(settings));
  }
};

constexpr std::string_view kPollerGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_F(PollerTest, ServesTheOthersOfABatchWhileAHandlerHoldsItsThread) {
  constexpr int kClients = 8;
  start_one_loop();
  std::atomic<int> inside{0};
  Event all_inside;
  auto& meeting = plugin();
  meeting.on("GET", "/", [&](auto* exchange, const auto&) {
    if (++inside == kClients) all_inside.set();
    return meeting.respond(exchange, all_inside.wait() ? "met" : "alone");
  });
  publish(meeting);

  std::deque<Client> clients;
  for (int i = 0; i < kClients; ++i) clients.emplace_back(port());
  for (auto& client : clients) client.send(kPollerGet);
  for (auto& client : clients) EXPECT_EQ(client.read().body, "met");
}

TEST_F(PollerTest, KeepsConnectionsWhoseClientsLeaveWhileTheirHandlersRun) {
  constexpr int kClients = 4;
  start_one_loop();
  std::atomic<int> inside{0};
  Event all_inside;
  Event all_left;
  auto& meeting = plugin();
  meeting.on("GET", "/", [&](auto* exchange, const auto&) {
    if (++inside == kClients) all_inside.set();
    EXPECT_TRUE(all_left.wait());
    return meeting.respond(exchange, "too late");
  });
  publish(meeting);
  {
    std::deque<Client> clients;
    for (int i = 0; i < kClients; ++i) clients.emplace_back(port()).send(kPollerGet);
    ASSERT_TRUE(all_inside.wait());
  }
  all_left.set();
  EXPECT_EQ(shut_down(testing::kLong), 0U);
}

TEST_F(PollerTest, AnswersAClientThatEndsRightBehindItsRequest) {
  start_one_loop();
  publish(plugin().says("/", "hello"));
  for (int i = 0; i < 100; ++i) {
    auto client = connect();
    client.send(kPollerGet).end_output();
    EXPECT_EQ(client.read().body, "hello");
    EXPECT_EQ(client.read_to_end(), "");
  }
}

TEST_F(PollerTest, AnswersWhatCameWhileTheRequestBeforeWasServed) {
  start_one_loop();
  Event sent;
  auto& slow = plugin();
  slow.on("GET", "/", [&](auto* exchange, const auto&) { return slow.respond(exchange, sent.wait() ? "yes" : "no"); });
  publish(slow);
  auto client = connect();
  client.send(kPollerGet).send(kPollerGet);
  sent.set();
  EXPECT_EQ(client.read().body, "yes");
  EXPECT_EQ(client.read().body, "yes");
}

TEST_F(PollerTest, SendsAnAnswerThatIsLargerThanTheSocketTakes) {
  const std::string large(std::size_t{16} * 1024 * 1024, 'x');
  start_one_loop();
  publish(plugin().says("/", large));
  Client client(port(), 4096);
  client.send(kPollerGet).send(kPollerGet);
  EXPECT_EQ(client.read().body, large);
  EXPECT_EQ(client.read().body, large);
}

TEST_F(PollerTest, ReadsABodyThatIsLargerThanItsBuffer) {
  const std::string large(std::size_t{900} * 1024, 'x');
  start_one_loop();
  auto& echo = plugin();
  echo.on("POST", "/", [&](auto* exchange, const mortise_http_request_v1& request) {
    return echo.respond(exchange, testing::view(request.body));
  });
  publish(echo);
  const auto answer =
      ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n" + large);
  EXPECT_EQ(answer.body, large);
}

}  // namespace
}  // namespace mortise::http
