// A host that is replaced by another one, seen by its users and its admins.
#include <Poco/Net/StreamSocket.h>

#include <atomic>
#include <thread>

#include "http/certificates.hpp"
#include "http/tls_client.hpp"
#include "http/websocket_client.hpp"
#include "support/connection_load.hpp"
#include "support/upgrade_test.hpp"

namespace mortise::integration {
namespace {

using http::testing::TlsClient;
using http::testing::WebSocketClient;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* kGetWaits = "GET /waits HTTP/1.1\r\nHost: a\r\n\r\n";

class UpgradeHostTest : public UpgradeTest {
 protected:
  UpgradeHostTest() { prefix_.add_zoo("good-1.0", "good"); }

  [[nodiscard]] std::string file_text(const char* name) const {
    return testing::read_file(prefix_.state_directory() / name);
  }
};

TEST_F(UpgradeHostTest, SeveralInARowUnderLoadLoseNoRequest) {
  auto& host = start();
  const auto ports = file_text("ports");
  ConnectionLoad load(host.port(), "/good", {.keeping = 3, .fresh = 3});
  for (int i = 0; i < 5; ++i) {
    load.wait_for_more(300);
    upgrade();
  }
  load.wait_for_more(300);
  const auto result = load.end();
  EXPECT_THAT(result.failures, IsEmpty());
  EXPECT_GT(result.answered, 1800U);
  RecordProperty("answered", static_cast<int>(result.answered));
  RecordProperty("longest_ms", static_cast<int>(result.longest.count()));
  EXPECT_EQ(file_text("ports"), ports);
}

TEST_F(UpgradeHostTest, DurableTasksGoOnAndNoneRunsTwice) {
  prefix_.add_zoo("jobs-1.0", "jobs");
  auto& host = start();
  const auto port = host.port();
  std::atomic<bool> is_over{false};
  std::thread submitting([&] {
    for (int number = 1; !is_over; number += 2) {
      const auto query = "text=slow&from=" + std::to_string(number);
      EXPECT_EQ(Client(port).send("POST", "/jobs?" + query).status, 200U);
      EXPECT_EQ(Client(port).send("POST", "/jobs?handler=count&text=slow&from=" + std::to_string(number + 1)).status,
                200U);
    }
  });
  const auto done = [&](int count) {
    return json::parse(Client(port).send("GET", "/jobs?count=" + std::to_string(count)).body);
  };
  for (int i = 1; i <= 3; ++i) {
    done(50 * i);
    upgrade();
  }
  is_over = true;
  submitting.join();
  const auto asked = done(0)["asked"].get<int>();
  const auto all = done(asked);
  EXPECT_EQ(all["count"], asked);
  EXPECT_EQ(all["twice"], 0);
}

TEST_F(UpgradeHostTest, MoreLoopsAndFewerShareTheSocketsThatThereAre) {
  auto& host = start();
  ConnectionLoad load(host.port(), "/good", {.keeping = 2, .fresh = 4});
  for (const int threads : {4, 1, 3}) {
    prefix_.configure({{"edge", {{"threads", threads}}}});
    load.wait_for_more(100);
    upgrade();
  }
  load.wait_for_more(300);
  EXPECT_THAT(load.end().failures, IsEmpty());
}

TEST_F(UpgradeHostTest, RequestInsideFinishesOnTheFormerHostWhileTheNewOneServes) {
  Gate gate(prefix_);
  prefix_.add_zoo("waits-1.0", "waits");
  auto& host = start();
  Pending inside(host, "/waits");
  gate.wait_until_inside();
  upgrade();
  EXPECT_EQ(host.get("/good").body, "1.0.0");
  EXPECT_FALSE(host.has_ended());
  gate.open();
  EXPECT_EQ(inside.answer().body, "1.0.0");
  EXPECT_EQ(host.wait(), 0);
  EXPECT_EQ(host.wait_for_log("stopped")["requests_cut"], "0");
}

TEST_F(UpgradeHostTest, TlsGoesOnOnBothSides) {
  const auto tls = http::testing::make_tls(prefix_.path());
  prefix_.configure(
      {{"edge",
        {{"listen",
          json::array(
              {{{"port", 0}, {"tls", {{"certificate", tls.certificate.string()}, {"key", tls.key.string()}}}}})}}}});
  Gate gate(prefix_);
  prefix_.add_zoo("waits-1.0", "waits");
  auto& host = start();
  TlsClient former(host.port());
  former.send(kGetWaits);
  gate.wait_until_inside();
  upgrade();
  TlsClient next(host.port());
  EXPECT_EQ(next.send("GET /good HTTP/1.1\r\nHost: a\r\n\r\n").read().body, "1.0.0");
  gate.open();
  EXPECT_EQ(former.read().body, "1.0.0");
  EXPECT_EQ(former.read_to_end(), "") << "and is closed afterwards";
}

TEST_F(UpgradeHostTest, WebSocketIsToldToComeAgainAndFindsTheNewHost) {
  prefix_.add_zoo("echoes");
  auto& host = start();
  WebSocketClient former(std::make_unique<http::testing::Client>(host.port()));
  EXPECT_EQ(former.open("/echo").send("before").read(http::testing::Opcode::text), "before");
  upgrade();
  EXPECT_THAT(former.read_close(), StartsWith("1001"));
  WebSocketClient next(std::make_unique<http::testing::Client>(host.port()));
  EXPECT_EQ(next.open("/echo").send("after").read(http::testing::Opcode::text), "after");
}

TEST_F(UpgradeHostTest, ASignalAsksForItToo) {
  auto& host = start();
  host.signal(SIGUSR2);
  follow(std::stoi(host.wait_for_log("replaced by a new host")["pid"].get<std::string>()));
  EXPECT_EQ(host.wait(), 0);
  EXPECT_EQ(host.get("/good").body, "1.0.0");
}

TEST_F(UpgradeHostTest, FilesHistoryAndControlSocketAreTheNewHosts) {
  auto& host = start();
  const auto history = mortise({"history", "--json"}).out;
  const auto pid = upgrade();
  EXPECT_EQ(host.status()["pid"], pid);
  EXPECT_THAT(file_text("host.lock"), StartsWith(std::to_string(pid) + "\n"));
  EXPECT_EQ(mortise({"history", "--json"}).out, history) << "bringing back what ran is no release";
  EXPECT_EQ(host.wait(), 0);
  EXPECT_EQ(host.status()["pid"], pid) << "the former host has left everything alone";
  prefix_.drop(zoo_file("good-1.1"));
  host.wait_for_version("good", "1.1.0");
  EXPECT_EQ(host.get("/good").body, "1.1.0");
  EXPECT_EQ(mortise({"rollback"}).code, 0);
  EXPECT_EQ(host.get("/good").body, "1.0.0");
}

TEST_F(UpgradeHostTest, AddressesFollowTheConfiguration) {
  const auto listen_on = [&](const char* second) {
    prefix_.configure({{"edge", {{"listen", json::array({{{"port", 0}}, {{"address", second}, {"port", 0}}})}}}});
  };
  const auto port_of = [&](int line) {
    std::istringstream ports(file_text("ports"));
    std::string address;
    for (int i = 0; i <= line; ++i) std::getline(ports, address);
    return address;
  };
  listen_on("127.0.0.2");
  auto& host = start();
  const auto kept = port_of(0);
  const auto dropped = port_of(1);
  listen_on("127.0.0.3");
  upgrade();
  EXPECT_EQ(host.wait(), 0);
  EXPECT_EQ(port_of(0), kept);
  EXPECT_THAT(port_of(1), StartsWith("127.0.0.3:"));
  EXPECT_NO_THROW(Poco::Net::StreamSocket(Poco::Net::SocketAddress(port_of(1))));
  EXPECT_THROW(Poco::Net::StreamSocket(Poco::Net::SocketAddress(dropped)), Poco::Net::ConnectionRefusedException);
}

TEST_F(UpgradeHostTest, TheExecutableThatLiesThereNowIsTheNewHost) {
  prefix_.install_executable(built_executable());
  start();
  // Another build of the host, as far as the system can tell.
  const auto script = prefix_.path() / "script";
  testing::write_file(script,
                      "#!/bin/sh\necho 'another build' >&2\nexec '" + built_executable().string() + "' \"$@\"\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  prefix_.install_executable(script);
  upgrade();
  host_->wait_for_text("another build");
}

}  // namespace
}  // namespace mortise::integration
