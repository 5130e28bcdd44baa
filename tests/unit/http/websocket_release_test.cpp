// Sockets that stay open while the providers that their plugin calls are replaced.
#include <atomic>

#include "stamped_chain.hpp"
#include "websocket_fixture.hpp"

namespace mortise::http {
namespace {

using testing::add_link;
using testing::Opcode;
using testing::TestPlugin;

class WebSocketReleaseTest : public testing::WebSocketTest {
 protected:
  /// A plugin whose socket "/ask" answers every message with the stamp of the providers that it finds, and whose record
  /// gets it when the socket closes.
  runtime::GenerationPtr init_asker() {
    auto& asker = plugin("asker");
    auto& link = add_link(asker, 0, "", "chain.middle/1");
    asker.in_init([this, &link](const mortise_host_v1& host, mortise_error* error) {
      const auto status = link.start(host, error);
      if (status != MORTISE_OK) return status;
      return mortise::detail::barrier(error, [&] {
        contexts_.emplace_back(host).http().websocket(
            "/ask",
            {.on_text = [&link](const auto& socket, auto) { socket.send(std::to_string(link.ask_next())); },
             .on_close = [this, &link](const auto&, auto...) { record_.add(std::to_string(link.ask_next())); }});
      });
    });
    return init(asker).value();
  }
  /// middle -> last, made for this release.
  std::vector<runtime::GenerationPtr> init_providers(std::uint64_t stamp) {
    auto& last = plugin("last");
    add_link(last, stamp, "chain.last/1", "");
    auto& middle = plugin("middle");
    add_link(middle, stamp, "chain.middle/1", "chain.last/1");
    return {init(last).value(), init(middle).value()};
  }
  void publish_with_providers(const runtime::GenerationPtr& asker, std::uint64_t stamp) {
    auto generations = init_providers(stamp);
    generations.push_back(asker);
    publish_release(generations);
  }

 private:
  std::deque<Context> contexts_;
};

TEST_F(WebSocketReleaseTest, AnOpenSocketIsServedByTheProvidersOfTheNewestRelease) {
  start();
  const auto asker = init_asker();
  publish_with_providers(asker, 1);
  auto client = open("/ask");
  EXPECT_EQ(client.send("?").read(Opcode::text), "1");
  publish_with_providers(asker, 2);
  EXPECT_EQ(client.send("?").read(Opcode::text), "2");
  EXPECT_TRUE(wait_for_generations_left(3)) << "the socket holds the former providers";
  publish_with_providers(asker, 3);
  client.connection().close();
  EXPECT_EQ(record_.wait(1), std::vector<std::string>{"3"});
}

TEST_F(WebSocketReleaseTest, ASocketWhoseOwnPluginWasReplacedKeepsTheLastReleaseThatHadIt) {
  start();
  auto asker = init_asker();
  publish_with_providers(asker, 1);
  auto client = open("/ask");
  publish_with_providers(asker, 2);
  asker = init_asker();
  publish_with_providers(asker, 3);
  EXPECT_EQ(client.send("?").read(Opcode::text), "2");
  EXPECT_EQ(open("/ask").send("?").read(Opcode::text), "3");
  publish_with_providers(asker, 4);
  EXPECT_EQ(client.send("?").read(Opcode::text), "2");
  client.connection().close();
  EXPECT_TRUE(wait_for_generations_left(3));
}

TEST_F(WebSocketReleaseTest, NoMessageMeetsTwoReleases) {
  start();
  constexpr std::uint64_t kReleases = 100;
  constexpr std::uint64_t kSockets = 4;
  const auto asker = init_asker();
  publish_with_providers(asker, 1);

  std::atomic<std::uint64_t> newest{1};  // that was published before this was written
  std::atomic<std::uint64_t> answers{0};
  std::atomic<bool> is_ending{false};
  std::vector<std::thread> peers;
  for (std::uint64_t i = 0; i < kSockets; ++i) {
    peers.emplace_back([&] {
      auto client = open("/ask");
      while (!is_ending) {
        const std::uint64_t at_least = newest;
        EXPECT_GE(std::stoull(client.send("?").read(Opcode::text)), at_least) << "0 is a mixed chain";
        ++answers;
      }
    });
  }
  for (std::uint64_t stamp = 2; stamp <= kReleases; ++stamp) {
    // One more than may be under way: each release answers at least one message.
    for (const auto enough = answers + kSockets + 1; answers < enough;) std::this_thread::yield();
    publish_with_providers(asker, stamp);
    newest = stamp;
  }
  is_ending = true;
  for (auto& peer : peers) peer.join();
}

}  // namespace
}  // namespace mortise::http
