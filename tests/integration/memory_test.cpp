// What is told of a plugin's memory: counted where it runs in the host process, asked of the system where it has a
// process of its own.
#include <Poco/Net/StreamSocket.h>

#include "support/workers_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;

class MemoryTest : public WorkersTest {
 protected:
  void start_hoards(const json& settings = json::object()) {
    prefix_.drop(zoo_file("hoards-1.0"));
    prefix_.write_plugin("hoards", settings.dump());
    start();
  }
  [[nodiscard]] std::uint64_t told(const std::string& what) const {
    return status_of("hoards")["memory"][what].get<std::uint64_t>();
  }
  [[nodiscard]] std::string text() const { return mortise({"status", "hoards"}).out; }
};

TEST_F(MemoryTest, OfAnIsolatedPluginStandsBesideItsLimit) {
  constexpr std::uint64_t kLimit = 512 * kMebibyte;
  start_hoards({{"placement", "isolated"}, {"limits", {{"memory_bytes", kLimit}}}});
  const auto memory = status_of("hoards")["worker"]["memory"];
  EXPECT_GT(memory["resident_bytes"].get<std::uint64_t>(), kMebibyte);
  EXPECT_GT(memory["allocated_bytes"].get<std::uint64_t>(), 0U);
#if !MORTISE_IS_SANITIZED  // whose shadow memory has no room in any limit
  EXPECT_LT(memory["allocated_bytes"], memory["limit_bytes"]);
  EXPECT_GE(memory["limit_bytes"].get<std::uint64_t>(), kLimit);
  EXPECT_THAT(text(), ContainsRegex("memory      [0-9]+ MiB resident, [0-9]+ MiB allocated of at most "));
#endif
  EXPECT_EQ(told("heap_bytes"), 0U);
}

TEST_F(MemoryTest, LargeAnswersCountUntilTheyAreSent) {
  constexpr std::uint64_t kAnswer = 64 * kMebibyte;
  start_hoards();
  EXPECT_EQ(told("buffer_bytes"), 0U);
  {
    Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", host_->port()));
    const std::string request = "GET /hoards/answer?mebibytes=64 HTTP/1.1\r\nHost: a\r\n\r\n";
    socket.sendBytes(request.data(), static_cast<int>(request.size()));
    wait_until([&] { return told("buffer_bytes") >= kAnswer; });
    EXPECT_THAT(text(), HasSubstr("65 MiB buffers"));
  }
  wait_until([&] { return told("buffer_bytes") == 0; });
}

TEST_F(MemoryTest, ABodyThatIsStillComingCounts) {
  start_hoards();
  Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", host_->port()));
  const auto send = [&](const std::string& bytes) { socket.sendBytes(bytes.data(), static_cast<int>(bytes.size())); };
  send("GET /hoards/churn HTTP/1.1\r\nHost: a\r\nContent-Length: 500001\r\n\r\n" + std::string(500000, 'x'));
  wait_until([&] { return told("buffer_bytes") >= 500000; });
  send("x");
  wait_until([&] { return told("buffer_bytes") == 0; });
}

#if !MORTISE_IS_SANITIZED  // which has operators of its own
TEST_F(MemoryTest, WhatItsCodeAllocatesCountsUntilItIsFreed) {
  start_hoards();
  const auto before = told("heap_bytes");
  EXPECT_GT(before, 0U);  // its routes
  EXPECT_EQ(host_->get("/hoards/keep?mebibytes=40").status, 200);
  EXPECT_GE(told("heap_bytes"), before + 40 * kMebibyte);
  EXPECT_LT(told("heap_bytes"), before + 41 * kMebibyte);
  EXPECT_THAT(text(), HasSubstr("memory      41 MiB heap, 0 MiB arena, 0 MiB buffers\n"));
  EXPECT_EQ(host_->get("/hoards/let-go").status, 200);
  EXPECT_LT(told("heap_bytes"), before + kMebibyte);
}

TEST_F(MemoryTest, WhatTheLibraryFreesForItIsNotLost) {
  start_hoards();
  const auto before = told("heap_bytes");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(host_->get("/hoards/churn").status, 200);
  const auto after = told("heap_bytes");
  EXPECT_LT(after, before + 100'000) << "of some 60 MB that came and went";
  EXPECT_GT(after, before / 2);
}

TEST_F(MemoryTest, AfterAnUpgradeOnlyTheNewGenerationCounts) {
  start_hoards();
  const auto before = told("heap_bytes");
  prefix_.drop(zoo_file("hoards-1.1"));
  host_->wait_for_version("hoards", "1.1.0");
  wait_until([&] { return told("heap_bytes") < before + before / 2; });
  EXPECT_GT(told("heap_bytes"), before / 2);
}

TEST_F(MemoryTest, PastItsLimitThereIsAnAlarmUntilItIsWellWithinIt) {
  start_hoards({{"limits", {{"memory_bytes", 40 * kMebibyte}}}});
  EXPECT_EQ(host_->get("/hoards/keep?mebibytes=30").status, 200);
  EXPECT_FALSE(status_of("hoards")["memory"]["is_over"].get<bool>());
  EXPECT_EQ(host_->get("/hoards/keep?mebibytes=20").status, 200);
  wait_until([&] { return status_of("hoards")["memory"]["is_over"].get<bool>(); });
  host_->wait_for_text("a plugin has taken more memory than its limit");
  EXPECT_THAT(text(),
              AllOf(HasSubstr("reason      it has taken more memory than limits.memory_bytes, 41,943,040 bytes"),
                    HasSubstr("told of past 40 MiB")));
  EXPECT_EQ(host_->get("/hoards/churn").status, 200) << "it serves on";
  EXPECT_EQ(host_->get("/hoards/let-go").status, 200);
  wait_until([&] { return !status_of("hoards")["memory"]["is_over"].get<bool>(); });
  EXPECT_THAT(text(), Not(HasSubstr("more memory than")));
}

TEST_F(MemoryTest, AChangeOfTheLimitNeedsNoNewGeneration) {
  start_hoards();
  EXPECT_EQ(host_->get("/hoards/keep?mebibytes=50").status, 200);
  prefix_.write_plugin("hoards", json({{"limits", {{"memory_bytes", 40 * kMebibyte}}}}).dump());
  wait_until([&] { return status_of("hoards")["memory"]["is_over"].get<bool>(); });
  EXPECT_EQ(status_of("hoards")["generation"], 1U);
  prefix_.write_plugin("hoards", "{}");
  wait_until([&] { return told("limit_bytes") == 0; });
  EXPECT_FALSE(status_of("hoards")["memory"]["is_over"].get<bool>());
}
#endif

}  // namespace
}  // namespace mortise::integration
