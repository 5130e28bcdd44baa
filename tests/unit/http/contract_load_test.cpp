// Releases while requests call through a chain of three plugins: every answer is of one release from its first call to
// its last, and of none that was over when the request was sent.
#include <atomic>
#include <deque>
#include <thread>

#include "stamped_chain.hpp"

namespace mortise::http {
namespace {

using testing::add_link;

class ContractLoadTest : public testing::EdgeTest {
 protected:
  /// Publishes front -> middle -> last, all of them made for this release; the front serves its stamp.
  void publish_chain(std::uint64_t stamp) {
    auto& last = plugin("last");
    add_link(last, stamp, "chain.last/1", "");
    auto& middle = plugin("middle");
    add_link(middle, stamp, "chain.middle/1", "chain.last/1");
    auto& front = plugin("front");
    const auto& entry = add_link(front, stamp, "", "chain.middle/1");
    const auto answer = [&front, &entry](auto* exchange, const auto&) {
      return front.respond(exchange, std::to_string(entry.ask()));
    };
    front.on("GET", "/loop", answer).on("GET", "/pool", answer, MORTISE_HTTP_ROUTE_BLOCKING);
    const std::array<runtime::GenerationPtr, 3> generations{init(last).value(), init(middle).value(),
                                                            init(front).value()};
    publish_release(generations);
  }
};

TEST_F(ContractLoadTest, NoAnswerMixesTwoReleases) {
  start();
  constexpr std::uint64_t kReleases = 300;
  constexpr std::uint64_t kClients = 8;
  publish_chain(1);

  std::atomic<std::uint64_t> newest{1};  // that was published before this was written
  std::atomic<std::uint64_t> answers{0};
  std::atomic<bool> is_ending{false};
  std::vector<std::thread> clients;
  for (std::uint64_t i = 0; i < kClients; ++i) {
    clients.emplace_back([&, path = i % 2 == 0 ? "/loop" : "/pool"] {
      auto client = connect();
      std::uint64_t seen = 0;
      while (!is_ending) {
        seen = std::max<std::uint64_t>(seen, newest);
        const auto answer = client.send(std::string("GET ") + path + " HTTP/1.1\r\nHost: a\r\n\r\n").read();
        ++answers;
        EXPECT_EQ(answer.status, 200U);
        const auto stamp = std::stoull(answer.body);
        EXPECT_GE(stamp, seen) << "0 is a mixed chain";
        seen = stamp;
      }
    });
  }
  for (std::uint64_t stamp = 2; stamp <= kReleases; ++stamp) {
    // One more than may be under way: each release answers at least one request.
    for (const auto enough = answers + kClients + 1; answers < enough;) std::this_thread::yield();
    publish_chain(stamp);
    newest = stamp;
  }
  EXPECT_EQ(get("/loop").body, std::to_string(kReleases));
  is_ending = true;
  for (auto& client : clients) client.join();
  publish_release({});
  EXPECT_TRUE(wait_for_no_generation());
}

}  // namespace
}  // namespace mortise::http
