#include <array>
#include <mutex>
#include <thread>
#include <vector>

#include "edge_fixture.hpp"
#include "telemetry/log.hpp"

namespace mortise::http {
namespace {

using namespace std::chrono_literals;

class HandlerMistakes : public testing::EdgeTest {
 protected:
  HandlerMistakes() {
    telemetry::LogSettings settings;
    settings.file = directory_ / "log";
    EXPECT_TRUE(telemetry::configure(settings));
  }
  ~HandlerMistakes() override { EXPECT_TRUE(telemetry::configure({})); }
  [[nodiscard]] std::string log() const { return mortise::testing::read_file(directory_ / "log"); }

 private:
  mortise::testing::TemporaryDirectory directory_;
};

TEST_F(HandlerMistakes, ASecondDeferIsRefused) {
  start();
  auto& plugin = this->plugin();
  std::array<mortise_status, 2> deferred{};
  plugin.on("GET", "/", [&](auto* exchange, const auto&) {
    deferred = {plugin.http().defer(exchange), plugin.http().defer(exchange)};
    return plugin.respond(exchange, "once");
  });
  publish(plugin);
  EXPECT_EQ(get("/").body, "once");
  EXPECT_EQ(deferred, (std::array<mortise_status, 2>{MORTISE_OK, MORTISE_FAILED_PRECONDITION}));
}

TEST_F(HandlerMistakes, AFailureBehindTheAnswerIsLogged) {
  start();
  auto& plugin = this->plugin();
  plugin.on("GET", "/whole", [&](auto* exchange, const auto&) -> mortise_status {
    plugin.respond(exchange, "whole");
    return MORTISE_INTERNAL;
  });
  publish(plugin);
  const auto answer = get("/whole");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, "whole");
  shut_down(0ms);
  EXPECT_NE(log().find("handler failed after it had answered or deferred"), std::string::npos) << log();
  EXPECT_NE(log().find("GET /whole"), std::string::npos) << log();
}

TEST_F(HandlerMistakes, AnAnswerFromElsewhereMayComeBeforeTheHandlerReturns) {
  start();
  auto& plugin = this->plugin();
  std::mutex mutex;
  std::vector<std::jthread> others;
  plugin.on("GET", "/", [&](auto* exchange, const auto&) -> mortise_status {
    if (plugin.http().defer(exchange) != MORTISE_OK) return MORTISE_INTERNAL;
    const std::lock_guard lock(mutex);
    others.emplace_back([&plugin, exchange] { plugin.respond(exchange, "elsewhere"); });
    return MORTISE_OK;
  });
  publish(plugin);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(get("/").body, "elsewhere");
  shut_down(0ms);
}

}  // namespace
}  // namespace mortise::http
