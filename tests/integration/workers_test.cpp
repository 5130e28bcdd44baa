// A plugin that runs in several processes at once: its requests and calls are spread over them, and one that ends is
// missed by nobody else.
#include <signal.h>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "support/load.hpp"
#include "support/workers_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ManyWorkersTest : public WorkersTest {
 protected:
  void place(int workers) {
    prefix_.write_plugin("where", json{{"placement", "isolated"}, {"workers", workers}}.dump());
  }
  void add(int workers) {
    prefix_.drop(zoo_file("where"));
    place(workers);
  }
  [[nodiscard]] std::vector<pid_t> workers() const {
    const auto worker = status_of("where")["worker"];
    std::vector<pid_t> pids{worker["pid"].get<pid_t>()};
    for (const auto& replica : worker["replicas"]) pids.push_back(replica["pid"].get<pid_t>());
    return pids;
  }
  [[nodiscard]] std::set<std::string> workers_as_text() const {
    std::set<std::string> texts;
    for (const auto pid : workers()) texts.insert(std::to_string(pid));
    return texts;
  }
};

TEST_F(ManyWorkersTest, ShareItsRequests) {
  add(3);
  auto client = start().connect();
  std::set<std::string> seen;
  for (int i = 0; i < 3; ++i) seen.insert(client.get("/where").body);
  EXPECT_EQ(seen.size(), 3U) << "one after the other";
  EXPECT_EQ(seen, workers_as_text());
  const auto text = mortise({"status", "where"}).out;
  for (const auto& pid : seen) EXPECT_THAT(text, HasSubstr("pid " + pid));
}

TEST_F(ManyWorkersTest, ShareItsCallsByTheThreadsThatMakeThem) {
  add(2);
  prefix_.place("inline");
  prefix_.add_zoo("asks");
  auto& host = start();
  std::set<std::string> seen;
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  // Which of the host's threads has a connection the kernel says.
  while (seen.size() < 2 && std::chrono::steady_clock::now() < limit) seen.insert(host.connect().get("/asks").body);
  EXPECT_EQ(seen, workers_as_text());
}

TEST_F(ManyWorkersTest, OneThatEndsIsReplacedAndTheOthersServeOn) {
  add(2);
  auto& host = start();
  const auto before = workers();
  for (int i = 1; i <= 2; ++i) {
    const auto gone = workers().back();
    ASSERT_EQ(::kill(gone, SIGKILL), 0);
    wait_until([&] { return status_of("where")["worker"]["replicas"][0]["restarts"] == i; });
    EXPECT_NE(workers().back(), gone);
    EXPECT_EQ(workers().front(), before.front());
  }
  EXPECT_EQ(status_of("where")["worker"]["restarts"], 0);
  auto client = host.connect();
  std::set<std::string> seen;
  for (int i = 0; i < 2; ++i) seen.insert(client.get("/where").body);
  EXPECT_EQ(seen, workers_as_text());
}

TEST_F(ManyWorkersTest, WhileOneIsAwayNobodyIsSentThere) {
  add(2);
  auto& host = start();
  auto client = host.connect();
  // One that is killed as soon as it is there is away for a while.
  wait_until([&] {
    const auto pid = workers().back();
    if (pid != 0) ::kill(pid, SIGKILL);
    return pid == 0;
  });
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/where").status, 200);
}

TEST_F(ManyWorkersTest, WhatIsRefusedWhileNoneIsThereOpensNoCircuit) {
  add(1);
  auto& host = start();
  auto client = host.connect();
  int refused = 0;
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (refused < 50 && std::chrono::steady_clock::now() < limit) {
    // One that has hardly begun is waited for ever longer.
    if (const auto pid = workers().front(); pid != 0) ::kill(pid, SIGKILL);
    for (int i = 0; i < 10; ++i) refused += client.get("/where").status == 503 ? 1 : 0;
  }
  EXPECT_GE(refused, 50);
  EXPECT_EQ(status_of("where")["containment"]["circuit"], "closed");
  EXPECT_EQ(status_of("where")["containment"]["circuit_opened"], 0);
}

TEST_F(ManyWorkersTest, TheirNumberChangesWithoutAFailedRequest) {
  add(1);
  auto& host = start();
  Load load(host, "/where");
  for (const std::size_t count : {3U, 2U, 1U}) {
    load.wait_for_more(100);
    place(static_cast<int>(count));
    wait_until([&] { return workers().size() == count; });
  }
  load.end();
  EXPECT_EQ(load.fault(), "");
  EXPECT_THAT(mortise({"history"}).out, HasSubstr("reconfigure"));
}

TEST_F(ManyWorkersTest, AnotherOneThatCannotStartFailsThePlugin) {
  add(2);
  const auto data = prefix_.data_directory("where");
  std::filesystem::create_directories(data);
  std::ofstream(data / "alone").put('\n');
  auto& host = start();
  EXPECT_THAT(host.wait_for_state("where", "failed")["reason"].get<std::string>(),
              AllOf(HasSubstr("worker 2 of 2"), HasSubstr("SIGABRT")));
  std::filesystem::remove(data / "taken");
  place(3);
  host.wait_for_state("where", "active");
}

TEST_F(ManyWorkersTest, APluginThatHandsItsStateOverCannotHaveThem) {
  prefix_.drop(zoo_file("tally-1.0"));
  prefix_.write_plugin("tally", R"({"placement": "isolated", "workers": 2})");
  auto& host = start();
  EXPECT_THAT(host.wait_for_state("tally", "failed")["reason"].get<std::string>(),
              AllOf(HasSubstr("hands its state over"), HasSubstr("set \"workers\": 1")));
}

}  // namespace
}  // namespace mortise::integration
