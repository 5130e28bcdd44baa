// Thousands of connections that are slow on purpose must not keep a fresh request from being answered.
#include <sys/epoll.h>

#include <atomic>
#include <deque>
#include <thread>

#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kConnections = 2000;
constexpr std::string_view kHead = "GET / HTTP/1.1\r\nHost: slow.example.org\r\nX-Trickle: ";

/// Sends a byte a second on each connection, from one thread, until it goes.
class Trickle {
 public:
  Trickle(std::uint16_t port, std::size_t count) : epoll_(::epoll_create1(0)) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto& client = clients_.emplace_back(port);
      epoll_event event{.events = EPOLLRDHUP, .data = {.u64 = i}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.descriptor(), &event);
    }
    thread_ = std::thread([this] { run(); });
  }
  ~Trickle() {
    is_ending_ = true;
    thread_.join();
    ::close(epoll_);
  }
  Trickle(const Trickle&) = delete;
  Trickle& operator=(const Trickle&) = delete;

  /// How many bytes each connection has sent at least; those that the server has ended.
  [[nodiscard]] std::size_t rounds() const { return rounds_; }
  [[nodiscard]] std::size_t ended() const { return ended_; }

 private:
  void run() {
    for (std::size_t round = 0; !is_ending_; ++round) {
      const auto next = std::chrono::steady_clock::now() + std::chrono::seconds(1);
      const auto byte = kHead.substr(std::min(round, kHead.size() - 1), 1);
      for (auto& client : clients_) client.send(byte);
      rounds_ = round + 1;
      do {
        look_for_ends();
      } while (!is_ending_ && std::chrono::steady_clock::now() < next);
    }
  }
  void look_for_ends() {
    epoll_event events[64];
    const int count = ::epoll_wait(epoll_, events, 64, 50);
    for (int i = 0; i < count; ++i) {
      ::epoll_ctl(epoll_, EPOLL_CTL_DEL, clients_[events[i].data.u64].descriptor(), nullptr);
      ++ended_;
    }
  }

  std::deque<testing::Client> clients_;
  int epoll_;
  std::atomic<std::size_t> rounds_{0};
  std::atomic<std::size_t> ended_{0};
  std::atomic<bool> is_ending_{false};
  std::thread thread_;
};

class SlowConnectionsTest : public testing::EdgeTest {};

TEST_F(SlowConnectionsTest, DoNotStopFreshRequestsAndTimeOut) {
  ASSERT_GE(base::raise_open_file_limit(), 2 * kConnections + 200) << "raise the limit of open files (ulimit -Hn)";
  ServerSettings settings;
  settings.header_timeout = 4s;
  start(std::move(settings));
  publish(plugin().says("/", "hello"));
  const Trickle slow(port(), kConnections);
  const auto limit = std::chrono::steady_clock::now() + testing::kLong;
  std::size_t answered = 0;
  std::size_t answered_beside_all = 0;
  while ((slow.rounds() < 3 || slow.ended() < kConnections) && std::chrono::steady_clock::now() < limit) {
    const bool have_all_begun = slow.rounds() > 0;
    ASSERT_EQ(get("/").body, "hello");
    ++answered;
    if (have_all_begun && slow.ended() == 0) ++answered_beside_all;
  }
  EXPECT_EQ(slow.ended(), kConnections) << "each was answered 408 or cut";
  EXPECT_GT(answered_beside_all, 0U) << "fresh requests wait for none of them, not until those time out";
  RecordProperty("answered", static_cast<int>(answered));
}

}  // namespace
}  // namespace mortise::http
