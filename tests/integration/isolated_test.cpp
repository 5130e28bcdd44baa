// A plugin in a process of its own: what its users, those of other plugins and the admin see of that.
#include <signal.h>
#include <array>
#include <fstream>
#include <string>
#include <thread>

#include "support/gate.hpp"
#include "support/load.hpp"
#include "support/workers_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Not, too, where it has ended and only nobody has asked how.
bool is_alive(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(file, text)) return false;
  const auto state = text.rfind(") ");
  return state != std::string::npos && text[state + 2] != 'Z';
}

class IsolatedTest : public WorkersTest {
 protected:
  IsolatedTest() { prefix_.place("isolated"); }
};

TEST_F(IsolatedTest, ServesFromAProcessOfItsOwnWhichTheStatusTells) {
  prefix_.add_shipped("hello");
  auto& host = start();
  EXPECT_EQ(host.get("/hello").body, "Hello, world!\n");
  const auto status = status_of("hello");
  EXPECT_EQ(status["placement"], "isolated");
  const auto pid = status["worker"]["pid"].get<pid_t>();
  EXPECT_NE(pid, host.process());
  EXPECT_TRUE(is_alive(pid));
  EXPECT_THAT(mortise({"status", "hello"}).out,
              AllOf(HasSubstr("placement   isolated"), HasSubstr("worker      pid " + std::to_string(pid))));
  EXPECT_EQ(host.stop(), 0);
  EXPECT_FALSE(is_alive(pid));
}

TEST_F(IsolatedTest, EndsWithItsHostHoweverThatEnds) {
  prefix_.add_shipped("hello");
  auto& host = start();
  const auto pid = worker_of("hello");
  host.signal(SIGKILL);
  host.wait();
  wait_until([&] { return !is_alive(pid); });
}

TEST_F(IsolatedTest, AKilledWorkerComesBackAndOthersNoticeNothing) {
  prefix_.add_shipped("hello");
  prefix_.place("inline");
  prefix_.add_zoo("good-1.0", "good");
  prefix_.place("isolated");
  prefix_.add_shipped("notes");
  start();
  Load inline_load(*host_, "/good");
  Load isolated_load(*host_, "/notes");
  for (int i = 1; i <= 3; ++i) {
    kill_worker("hello");
    inline_load.wait_for_more(50);
    isolated_load.wait_for_more(50);
    EXPECT_EQ(host_->get("/hello").body, "Hello, world!\n");
    EXPECT_EQ(status_of("hello")["worker"]["restarts"], i);
  }
  inline_load.end();
  isolated_load.end();
  EXPECT_EQ(inline_load.fault(), "");
  EXPECT_EQ(isolated_load.fault(), "");
  EXPECT_THAT(status_of("hello")["worker"]["trouble"].get<std::string>(), HasSubstr("was killed by SIGKILL"));
}

TEST_F(IsolatedTest, WhoIsInsideAWorkerThatEndsGetsA503) {
  Gate gate(prefix_);
  prefix_.add_zoo("waits-1.0", "waits");
  auto& host = start();
  Pending inside(host, "/waits");
  gate.wait_until_inside();
  ASSERT_EQ(::kill(worker_of("waits"), SIGKILL), 0);
  const auto answer = inside.answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_EQ(answer.json()["request_id"], answer.header("X-Request-Id"));
}

TEST_F(IsolatedTest, ACrashCostsTheHostNothingAndThreeOfThemThePlugin) {
  prefix_.add_zoo("mirror");
  prefix_.place("inline");
  prefix_.add_shipped("hello");
  start();
  const auto process = host_->process();
  Load load(*host_, "/hello");
  for (int i = 1; i <= 3; ++i) {
    wait_until([&] { return worker_of("mirror") != 0; });
    EXPECT_EQ(host_->get("/mirror/crash").status, 503);
    if (i < 3) wait_until([&] { return status_of("mirror")["worker"]["restarts"] == i; });
  }
  const auto reason = host_->wait_for_state("mirror", "quarantined")["reason"].get<std::string>();
  EXPECT_THAT(reason, AllOf(HasSubstr("'mirror' 1.0.0 crashed its worker: SIGABRT"),
                            HasSubstr("3 times in five minutes"), HasSubstr("mortise pardon mirror")));
  wait_until([&] { return host_->get("/mirror/gone").status == 404; });
  EXPECT_EQ(mortise({"pardon", "mirror"}).code, 0);
  EXPECT_EQ(host_->get("/mirror/gone").body, "0");
  load.end();
  EXPECT_EQ(load.fault(), "");
  EXPECT_EQ(host_->process(), process);
}

TEST_F(IsolatedTest, KeepsItsCountThroughUpgradesAndRollbacks) {
  prefix_.add_zoo("tally-1.0", "tally");
  auto& host = start();
  Load load(host, "/tally");
  load.wait_for_more(100);
  prefix_.drop(zoo_file("tally-1.1"));
  host.wait_for_version("tally", "1.1.0");
  load.wait_for_more(100);
  EXPECT_EQ(mortise({"rollback"}).code, 0);
  host.wait_for_version("tally", "1.0.0");
  load.wait_for_more(100);
  const auto requests = load.end();
  EXPECT_EQ(load.fault(), "");
  host.wait_until_drained(1);
  EXPECT_EQ(host.get("/tally/count").body, std::to_string(requests));
}

TEST_F(IsolatedTest, MovesBetweenPlacementsUnderLoadAndKeepsItsCount) {
  prefix_.add_zoo("tally-1.0", "tally");
  auto& host = start();
  Load load(host, "/tally");
  for (const std::string placement : {"inline", "isolated", "inline", "isolated"}) {
    load.wait_for_more(100);
    prefix_.place(placement);
    prefix_.enable("tally");
    wait_until([&] { return status_of("tally")["placement"] == placement; });
  }
  const auto requests = load.end();
  EXPECT_EQ(load.fault(), "");
  host.wait_until_drained(1);
  EXPECT_EQ(host.get("/tally/count").body, std::to_string(requests));
  EXPECT_THAT(mortise({"history"}).out, HasSubstr("reconfigure"));
}

TEST_F(IsolatedTest, ComesBackAsItWasPlacedAndARollbackMovesItBack) {
  prefix_.place("inline");
  prefix_.add_shipped("hello");
  start();
  prefix_.place("isolated");
  prefix_.enable("hello");
  wait_until([&] { return status_of("hello")["placement"] == "isolated"; });
  EXPECT_EQ(host_->stop(), 0);
  start();
  EXPECT_EQ(status_of("hello")["placement"], "isolated");
  EXPECT_EQ(host_->ask("GET", "/v1/status")["release"], 2) << "the restart was no release of its own";
  EXPECT_EQ(mortise({"rollback"}).code, 0);
  EXPECT_EQ(status_of("hello")["placement"], "inline");
}

TEST_F(IsolatedTest, ItsConfigChangesWithoutAFailedRequest) {
  prefix_.add_shipped("notes", {{"page_size", 1}});
  auto& host = start();
  auto client = host.connect();
  for (const char* title : {"one", "two", "three"}) client.send_json("POST", "/notes", {{"title", title}});
  EXPECT_EQ(client.get("/notes").json()["notes"].size(), 1U);
  Load load(host, "/notes");
  load.wait_for_more(50);
  prefix_.enable("notes", {{"page_size", 3}});
  wait_until([&] { return host.get("/notes").json()["notes"].size() == 3; });
  load.end();
  EXPECT_EQ(load.fault(), "");
}

TEST_F(IsolatedTest, IsAnsweredForAtItsDeadline) {
  Gate gate(prefix_);
  prefix_.drop(zoo_file("waits-1.0"));
  prefix_.write_plugin("waits", R"({"placement": "isolated", "limits": {"deadline": "300ms"}})");
  auto& host = start();
  EXPECT_EQ(host.get("/waits").status, 504);
  gate.wait_until_inside();
  EXPECT_EQ(status_of("waits")["containment"]["stuck"], 1);
  EXPECT_THAT(mortise({"status"}).out, HasSubstr("degraded  1 handler runs on past the deadline"));
  gate.open();
  wait_until([&] { return status_of("waits")["containment"]["stuck"] == 0; });
}

TEST_F(IsolatedTest, AProcessWhoseThreadsAreAllHeldPastTheirDeadlinesIsReplaced) {
  Gate gate(prefix_);
  prefix_.configure({{"stop_timeout_ms", 300}});
  prefix_.drop(zoo_file("waits-1.0"));
  prefix_.write_plugin("waits", R"({"placement": "isolated", "limits": {"deadline": "1s", "threads": 2}})");
  auto& host = start();
  EXPECT_EQ(host.get("/waits").status, 504);
  // Past the stop timeout, and not a 503: one thread is left.
  EXPECT_EQ(host.get("/waits").status, 504);
  wait_until([&] { return status_of("waits")["worker"]["restarts"] == 1; });
  const auto status = status_of("waits");
  EXPECT_EQ(status["containment"]["stuck"], 0);
  EXPECT_EQ(status["crashes"]["count"], 1);
  EXPECT_THAT(status["worker"]["trouble"].get<std::string>(), HasSubstr("handlers hold all of its threads"));
}

class MirrorTest : public IsolatedTest {
 protected:
  MirrorTest() {
    prefix_.configure({{"edge", {{"max_body_bytes", 64 << 20}}}});
    prefix_.add_zoo("mirror");
  }
  static std::string make_body(std::size_t size) {
    std::string body(size, '\0');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + i * i % 23);
    return body;
  }
};

TEST_F(MirrorTest, BodiesOfAnySizeGoBothWays) {
  auto client = start().connect();
  for (const std::size_t size : {1U, 8000U, 8192U, 70'000U, 20'000'000U}) {
    const auto body = make_body(size);
    for (const std::string target : {"/mirror", "/mirror/stream"}) {
      // A client that reads nothing before it has sent all must not be sent more than fits on the way.
      if (size > 1'000'000 && target == "/mirror/stream") continue;
      const auto answer = client.send("POST", target, body);
      EXPECT_EQ(answer.status, 200) << target << " " << size;
      EXPECT_TRUE(answer.body == body) << target << " " << size << ": " << answer.body.size();
    }
  }
}

TEST_F(MirrorTest, AnswersLater) {
  auto& host = start();
  Answer deferred;
  std::thread waiting([&] { deferred = host.connect().send("POST", "/mirror/deferred", "later"); });
  wait_until([&] { return host.get("/mirror/release").body == "1"; });
  waiting.join();
  EXPECT_EQ(deferred.body, "later");
}

TEST_F(MirrorTest, HearsOfClientsThatLeave) {
  auto& host = start();
  for (const char* target : {"/mirror/kept", "/mirror/endless"}) {
    Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", host.port()));
    const auto request = std::string("GET ") + target + " HTTP/1.1\r\nHost: x\r\n\r\n";
    socket.sendBytes(request.data(), static_cast<int>(request.size()));
    if (std::string(target) == "/mirror/endless") {
      std::array<char, 100> piece{};
      EXPECT_GT(socket.receiveBytes(piece.data(), static_cast<int>(piece.size())), 0);
    }
    socket.close();
  }
  wait_until([&] { return host.get("/mirror/gone").body == "2"; });
}

}  // namespace
}  // namespace mortise::integration
