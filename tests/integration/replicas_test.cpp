// Two hosts that serve one contract, nginx before them, and a third host that calls: what those who call notice when
// one of the two is taken away under load, and comes back.
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/load.hpp"
#include "support/nginx.hpp"
#include "support/workers_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Books numbers one after the other from construction to end(), over several connections, each number once.
class Bookings {
 public:
  explicit Bookings(const Host& host) {
    constexpr int kConnections = 8;
    for (int i = 0; i < kConnections; ++i) threads_.emplace_back([this, port = host.port()] { run(port); });
  }
  ~Bookings() { end(); }
  Bookings(const Bookings&) = delete;
  Bookings& operator=(const Bookings&) = delete;

  void end() {
    is_ending_ = true;
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }
  /// After end(): of each number the answer that was given.
  [[nodiscard]] const std::map<int, Answer>& answers() const { return answers_; }

 private:
  void run(std::uint16_t port) {
    Client client(port);
    while (!is_ending_) {
      const auto number = next_++;
      auto answer = client.send("POST", "/book/" + std::to_string(number));
      const std::lock_guard lock(mutex_);
      answers_[number] = std::move(answer);
    }
  }

  std::atomic<bool> is_ending_{false};
  std::atomic<int> next_{0};
  std::mutex mutex_;
  std::map<int, Answer> answers_;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

class ReplicasTest : public WorkersTest {
 protected:
  struct Replica {
    Prefix prefix;
    std::optional<Host> host;
  };

  void TearDown() override {
    WorkersTest::TearDown();
    for (auto& replica : replicas_) {
      if (replica.host && !replica.host->has_ended()) {
        EXPECT_EQ(replica.host->stop(), 0);
      }
      if (HasFailure() && replica.host) std::cerr << "a replica's log:\n" << replica.host->log_text();
    }
    if (!HasFailure() || !nginx_) return;
    for (const auto& line : nginx_->log()) std::cerr << line << "\n";
  }

  static void begin(Replica& replica) {
    replica.host.emplace(replica.prefix);
    replica.host->wait_until_ready();
    const auto port = replica.host->port();
    // Where nginx will find it again.
    replica.prefix.configure({{"edge", {{"listen", json::array({{{"address", "127.0.0.1"}, {"port", port}}})}}}});
  }
  void start_all() {
    for (auto& replica : replicas_) {
      replica.prefix.drop(zoo_file("ledger"));
      replica.prefix.write_plugin("ledger", R"({"expose": true})");
      begin(replica);
    }
    nginx_.emplace(replicas_[0].host->port(), replicas_[1].host->port());
    prefix_.drop(zoo_file("ledger"));
    prefix_.write_plugin("ledger", json{{"placement", {{"remote", nginx_->url()}}}}.dump());
    prefix_.add_zoo("clerk");
    start();
  }

  [[nodiscard]] static std::string ledger_of(const Replica& replica) {
    return testing::read_file(replica.prefix.data_directory("ledger") / "ledger");
  }
  /// Waits until the replica books again.
  static void wait_for_bookings(const Replica& replica) {
    const auto before = ledger_of(replica).size();
    wait_until([&] { return ledger_of(replica).size() > before; });
  }
  /// How often each number was booked, wherever.
  [[nodiscard]] std::map<int, int> booked() const {
    std::map<int, int> counts;
    for (const auto& replica : replicas_) {
      std::istringstream lines(ledger_of(replica));
      std::string what;
      for (int number = 0; lines >> what >> number;) ++counts[number];
    }
    return counts;
  }

  /// Takes the replicas away in turns, by `end`, while both kinds of calls go on.
  void take_away_and_bring_back(const std::function<void(Host& host)>& end) {
    start_all();
    Bookings bookings(*host_);
    Load looks(*host_, "/look/7", [](const Answer& answer) { return answer.body == "7" ? "" : answer.body; });
    for (int round = 0; round < 4; ++round) {
      auto& replica = replicas_[static_cast<std::size_t>(round % 2)];
      wait_for_bookings(replica);
      end(*replica.host);
      looks.wait_for_more(200);
      begin(replica);
      wait_for_bookings(replica);
    }
    EXPECT_GT(looks.end(), 800U);
    EXPECT_EQ(looks.fault(), "") << "an idempotent call failed";
    bookings.end();
    check(bookings);
  }
  void check(const Bookings& bookings) const {
    const auto counts = booked();
    std::size_t failed = 0;
    for (const auto& [number, answer] : bookings.answers()) {
      const auto found = counts.find(number);
      const auto count = found == counts.end() ? 0 : found->second;
      if (answer.status == 200) {
        EXPECT_EQ(count, 1) << number << " was answered with " << answer.body;
      } else {
        ++failed;
        EXPECT_LE(count, 1) << number;
        EXPECT_EQ(answer.status, 503) << answer.body;
        EXPECT_THAT(answer.body, AllOf(HasSubstr(nginx_->url()), HasSubstr("it answered 502")));
      }
    }
    EXPECT_LT(failed, bookings.answers().size() / 4);
    EXPECT_EQ(status_of("ledger")["remote"]["circuit"], "closed");
  }

  std::array<Replica, 2> replicas_;
  std::optional<Nginx> nginx_;
};

TEST_F(ReplicasTest, NoIdempotentCallFailsWhenOneIsKilled) {
  take_away_and_bring_back([](Host& host) {
    const auto process = host.process();
    host.signal(SIGKILL);
    ::kill(process, SIGKILL);
    EXPECT_EQ(host.wait(), -SIGKILL);
  });
}

TEST_F(ReplicasTest, NorWhenOneIsStopped) {
  take_away_and_bring_back([](Host& host) { EXPECT_EQ(host.stop(), 0); });
}

}  // namespace
}  // namespace mortise::integration
