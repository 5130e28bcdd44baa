// WebSockets of a plugin in a process of its own, when that ends or does not keep up.
#include <signal.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/websocket_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

constexpr const char* kEnded = "1012 the process that runs the plugin has ended; connect again";

class IsolatedWebSocketsTest : public TalksTest {
 protected:
  IsolatedWebSocketsTest() {
    prefix_.place("isolated");
    prefix_.add_zoo("talks-1.0", "talks");
  }
  void wait_for_worker_after(pid_t former) const {
    wait_until([&] {
      const auto next = worker_of("talks");
      return next != 0 && next != former;
    });
  }
};

TEST_F(IsolatedWebSocketsTest, PeersOfAWorkerThatEndsAreToldToComeAgainAndFindTheNextOne) {
  start();
  std::vector<Socket> sockets;
  for (int i = 0; i < 20; ++i) sockets.push_back(open());
  for (auto& socket : sockets) EXPECT_EQ(socket.send("there?").read(Opcode::text), "there?");
  sockets.front().send("!hold");
  wait_for_notes(21);
  kill_worker("talks");
  for (auto& socket : sockets) EXPECT_EQ(socket.read_close(), kEnded);
  EXPECT_EQ(open().send("again").read(Opcode::text), "again");
  EXPECT_EQ(status_of("talks")["worker"]["restarts"], 1);
}

TEST_F(IsolatedWebSocketsTest, AHandlerThatCrashesCostsItsHostNothing) {
  start();
  const auto process = host_->process();
  const auto worker = worker_of("talks");
  auto other = open();
  EXPECT_EQ(open().send("!crash").read_close(), kEnded);
  EXPECT_EQ(other.read_close(), kEnded);
  wait_for_worker_after(worker);
  EXPECT_EQ(open().send("again").read(Opcode::text), "again");
  EXPECT_EQ(host_->process(), process);
  EXPECT_THAT(status_of("talks")["worker"]["trouble"].get<std::string>(), HasSubstr("SIGABRT"));
}

TEST_F(IsolatedWebSocketsTest, AWorkerThatDoesNotComeBackFromAMessageIsEndedWithItsGeneration) {
  prefix_.configure({{"stop_timeout_ms", 500}});
  start();
  auto stuck = open();
  stuck.send("!hold");
  wait_for_notes(2);
  prefix_.drop(zoo_file("talks-1.1"));
  host_->wait_for_version("talks", "1.1.0");
  EXPECT_THAT(stuck.read_close(), StartsWith("1001"));
  host_->wait_until_drained(1);
  EXPECT_EQ(open().send("!version").read(Opcode::text), "1.1");
}

TEST_F(IsolatedWebSocketsTest, AllAreHeardOfMoreSocketsThanThereArePlacesForMessages) {
  start();
  constexpr std::size_t kSockets = 700;
  std::vector<Socket> sockets;
  for (std::size_t i = 0; i < kSockets; ++i) sockets.push_back(open());
  const auto worker = worker_of("talks");
  stop_process(worker);
  for (std::size_t i = 0; i < kSockets; ++i) sockets[i].send(std::to_string(i)).send("and once more");
  std::thread request([&] { EXPECT_EQ(host_->get("/talks/say/news").status, 200); });
  ASSERT_EQ(::kill(worker, SIGCONT), 0);
  for (std::size_t i = 0; i < kSockets; ++i) {
    Notes heard;
    for (int n = 0; n < 3; ++n) heard.push_back(sockets[i].read(Opcode::text));
    EXPECT_THAT(heard, UnorderedElementsAre(std::to_string(i), "and once more", "news"));
  }
  request.join();
}

/// Talks until told to end, over one socket after the other, and checks that what comes back is its own.
class Talker {
 public:
  Talker(std::uint16_t port, int number, const std::atomic<bool>& is_ending)
      : thread_([this, port, number, &is_ending] {
          for (int round = 0; !is_ending; ++round)
            talk(port, std::to_string(number) + "-" + std::to_string(round), is_ending);
        }) {}
  ~Talker() { thread_.join(); }
  Talker(const Talker&) = delete;
  Talker& operator=(const Talker&) = delete;

  std::atomic<int> echoes{0};
  std::atomic<int> closes{0};  // by a worker's end
  std::atomic<int> faults{0};

 private:
  void talk(std::uint16_t port, const std::string& name, const std::atomic<bool>& is_ending) {
    http::testing::WebSocketClient socket(std::make_unique<http::testing::Client>(port));
    const auto answer = socket.connection().send(http::testing::opening("/talks")).read(true);
    if (answer.status == 503) return;  // between two workers
    if (answer.status != 101) {
      ++faults;
      return;
    }
    for (int i = 0; !is_ending; ++i) {
      const auto text = name + "/" + std::to_string(i) + std::string(static_cast<std::size_t>(i % 7) * 3000, '.');
      const auto frame = socket.send(text).read();
      if (frame.opcode == http::testing::Opcode::close) {
        frame.close_text() == kEnded ? ++closes : ++faults;
        return;
      }
      frame.payload == text ? ++echoes : ++faults;
    }
  }

  std::thread thread_;
};

TEST_F(IsolatedWebSocketsTest, SocketsThatTalkWhileWorkersAreKilledLoseNothingButTheirConnection) {
  start();
  constexpr int kTalkers = 6;
  constexpr int kKills = 3;
  std::atomic<bool> is_ending{false};
  int closes = 0;
  {
    std::vector<std::unique_ptr<Talker>> talkers;
    const auto sum = [&](auto member) {
      int total = 0;
      for (const auto& talker : talkers) total += ((*talker).*member).load();
      return total;
    };
    for (int i = 0; i < kTalkers; ++i) talkers.push_back(std::make_unique<Talker>(host_->port(), i, is_ending));
    for (int i = 0; i < kKills; ++i) {
      const auto enough = sum(&Talker::echoes) + 200;
      wait_until([&] { return sum(&Talker::echoes) >= enough; });
      kill_worker("talks");
    }
    const auto enough = sum(&Talker::echoes) + 200;
    wait_until([&] { return sum(&Talker::echoes) >= enough; });
    is_ending = true;
    closes = sum(&Talker::closes);
    EXPECT_EQ(sum(&Talker::faults), 0);
  }
  EXPECT_GE(closes, kKills) << "somebody talked each time";
  EXPECT_EQ(open().send("still there?").read(Opcode::text), "still there?");
}

}  // namespace
}  // namespace mortise::integration
