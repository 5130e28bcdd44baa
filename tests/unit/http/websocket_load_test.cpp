// Many sockets at once, written to from several threads while peers come and go.
#include <atomic>
#include <barrier>
#include <set>

#include "websocket_fixture.hpp"

namespace mortise::http {
namespace {

using testing::close_payload;
using testing::Frame;
using testing::Opcode;
using testing::WebSocketClient;
using testing::WebSocketTest;
using namespace std::chrono_literals;

/// A chat: what one says, all hear.
class Room {
 public:
  WebSocketHandlers handlers() {
    return {.on_open =
                [this](const mortise::WebSocket& socket) {
                  const std::lock_guard lock(mutex_);
                  sockets_.insert(socket);
                },
            .on_text = [this](const auto&, std::string_view text) { say(text); },
            .on_close =
                [this](const mortise::WebSocket& socket, std::uint32_t, std::string_view) {
                  const std::lock_guard lock(mutex_);
                  sockets_.erase(socket);
                  ++closed_;
                }};
  }
  void say(std::string_view text) {
    const std::lock_guard lock(mutex_);
    for (const auto& socket : sockets_) socket.send(text);
  }
  std::size_t closed() {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return sockets_.size();
  }

 private:
  std::mutex mutex_;
  std::set<mortise::WebSocket> sockets_;
  std::size_t closed_ = 0;
};

TEST_F(WebSocketTest, CarriesTheMessagesOfManyThreadsToManySockets) {
  constexpr int kSockets = 24;
  constexpr int kThreads = 3;
  constexpr int kMessages = 40;
  Room room;
  serve([&](Context& context) { context.http().websocket("/room", room.handlers()); });
  std::vector<WebSocketClient> clients;
  for (int i = 0; i < kSockets; ++i) clients.push_back(open("/room"));
  std::vector<std::thread> speakers;
  for (int t = 0; t < kThreads; ++t) {
    speakers.emplace_back([&room, t] {
      for (int i = 0; i < kMessages; ++i) room.say(std::to_string(t) + ":" + std::to_string(i));
    });
  }
  for (auto& client : clients) client.send("mine");
  for (auto& client : clients) {
    // Of each speaker in its order, whatever comes between.
    std::vector<int> next(kThreads, 0);
    int of_peers = 0;
    for (int i = 0; i < kThreads * kMessages + kSockets; ++i) {
      const auto text = client.read(Opcode::text);
      if (text == "mine") {
        ++of_peers;
        continue;
      }
      const auto speaker = static_cast<std::size_t>(text[0] - '0');
      EXPECT_EQ(text.substr(2), std::to_string(next[speaker]++));
    }
    EXPECT_EQ(of_peers, kSockets);
  }
  for (auto& speaker : speakers) speaker.join();
  shut_down(0ms);  // before the room goes
}

TEST_F(WebSocketTest, OutlivesPeersThatComeAndGoWhileAllAreSpokenTo) {
  Room room;
  serve([&](Context& context) { context.http().websocket("/room", room.handlers()); });
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      while (!is_over) room.say("news");
    });
  }
  constexpr std::size_t kPeers = 3;
  constexpr std::size_t kRounds = 25;
  for (std::size_t t = 0; t < kPeers; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < kRounds; ++i) {
        auto client = open("/room");
        client.send("news of a peer").read(Opcode::text);
        // Three ways to go: with a word, with a reset, and by just closing.
        if ((i + t) % 3 == 0) {
          client.send(Frame{.opcode = Opcode::close, .payload = close_payload(1000)});
          client.read_close();
        } else if ((i + t) % 3 == 1) {
          client.connection().reset();
        }
      }
    });
  }
  for (std::size_t i = 2; i < threads.size(); ++i) threads[i].join();
  is_over = true;
  threads[0].join();
  threads[1].join();
  EXPECT_EQ(shut_down(45s), 0U);
  EXPECT_EQ(room.closed(), kPeers * kRounds);
  EXPECT_EQ(room.size(), 0U);
}

TEST_F(WebSocketTest, EndsSocketsWhoseRequestsAThreadOfThePoolHasTaken) {
  constexpr int kOpenings = 24;  // the route moves to the pool after the first few
  Room room;
  serve([&](Context& context) {
    context.http().websocket("/slow", [&](const Request&) {
      std::this_thread::sleep_for(20ms);  // work that holds its thread
      return room.handlers();
    });
  });
  for (int i = 0; i < kOpenings; ++i) open("/slow").send("mine").read(Opcode::text);
  EXPECT_EQ(shut_down(45s), 0U);
  EXPECT_EQ(room.closed(), static_cast<std::size_t>(kOpenings));
}

TEST_F(WebSocketTest, ServesSocketsWhoseHandlersBlockAsWellAsOthers) {
  constexpr int kBlocking = 8;
  // Nobody gets past it before all are inside at the same time.
  std::barrier<> all_inside(kBlocking);
  serve([&](Context& context) {
    echo(context, record_);
    context.http().websocket("/slow", {.on_text = [&](const auto& socket, std::string_view text) {
                               all_inside.arrive_and_wait();
                               socket.send(text);
                             }});
  });
  std::vector<WebSocketClient> slow;
  for (int i = 0; i < kBlocking; ++i) slow.push_back(open("/slow"));
  auto quick = open("/echo");
  for (int round = 0; round < 12; ++round) {
    const auto text = std::to_string(round);
    for (int i = 1; i < kBlocking; ++i) slow[static_cast<std::size_t>(i)].send(text);
    EXPECT_EQ(quick.send("quick").read(Opcode::text), "quick");
    slow.front().send(text);
    for (auto& client : slow) EXPECT_EQ(client.read(Opcode::text), text);
  }
}

}  // namespace
}  // namespace mortise::http
