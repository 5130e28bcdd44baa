#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mortise/mortise.hpp>

#include "fake_host.hpp"

namespace mortise {
namespace {

using sdk_testing::FakeExchange;
using sdk_testing::FakeHost;

/// A plugin whose hooks are the test's.
class Scripted : public Plugin {
 public:
  inline static std::function<void(Context&)> on_construct;
  inline static std::function<void()> on_stop;
  inline static std::function<void()> on_destroy;

  explicit Scripted(Context& ctx) {
    if (on_construct) on_construct(ctx);
  }
  ~Scripted() override {
    if (on_destroy) on_destroy();
  }
  void stop() override {
    if (on_stop) on_stop();
  }
};

class PluginTest : public ::testing::Test {
 protected:
  PluginTest() {
    Scripted::on_construct = nullptr;
    Scripted::on_stop = nullptr;
    Scripted::on_destroy = nullptr;
  }
  mortise_status init() {
    std::array<char, 256> text{};
    mortise_error error{sizeof error, static_cast<std::uint32_t>(text.size()), 0, 0, text.data()};
    const auto status = table_.init(&host_.table(), &self_, &error);
    message_.assign(text.data(), error.size);
    return status;
  }
  void end() {
    table_.stop(self_);
    table_.destroy(self_);
  }

  const mortise_plugin_v1& table_ = detail::Entry<Scripted>::kTable;
  FakeHost host_;
  void* self_ = nullptr;
  std::string message_;
};

TEST_F(PluginTest, LivesFromInitToDestroy) {
  std::string life;
  Scripted::on_construct = [&](Context&) { life += "constructed "; };
  Scripted::on_stop = [&] { life += "stopped "; };
  Scripted::on_destroy = [&] { life += "destroyed"; };
  ASSERT_EQ(init(), MORTISE_OK);
  end();
  EXPECT_EQ(life, "constructed stopped destroyed");
  EXPECT_EQ(table_.struct_size, sizeof(mortise_plugin_v1));
}

TEST_F(PluginTest, FailsInitWithWhatTheConstructorThrows) {
  Scripted::on_construct = [](Context&) { throw Error(Status::unavailable, "the database is locked"); };
  EXPECT_EQ(init(), MORTISE_UNAVAILABLE);
  EXPECT_EQ(message_, "the database is locked");
  EXPECT_EQ(self_, nullptr);
  Scripted::on_construct = [](Context&) { throw 123; };
  EXPECT_EQ(init(), MORTISE_INTERNAL);
  EXPECT_EQ(message_, "an exception that is no std::exception");
}

TEST_F(PluginTest, LogsWhatItsStopThrowsAndCanStillBeDestroyed) {
  bool is_destroyed = false;
  Scripted::on_stop = [] { throw std::runtime_error("still busy"); };
  Scripted::on_destroy = [&] { is_destroyed = true; };
  ASSERT_EQ(init(), MORTISE_OK);
  end();
  EXPECT_TRUE(is_destroyed);
  ASSERT_EQ(host_.lines.size(), 1U);
  EXPECT_EQ(host_.lines[0].fields, (std::map<std::string, std::string>{{"reason", "still busy"}}));
}

TEST_F(PluginTest, StaysQuietAboutAThrowingHookWhereThereIsNoLog) {
  host_.interfaces.erase(MORTISE_LOG_V1);
  Scripted::on_stop = [] { throw 123; };
  ASSERT_EQ(init(), MORTISE_OK);
  end();
}

TEST_F(PluginTest, NamesAnInterfaceThatTheHostDoesNotHave) {
  host_.interfaces.erase(MORTISE_HTTP_V1);
  Scripted::on_construct = [](Context& ctx) { ctx.http(); };
  EXPECT_EQ(init(), MORTISE_UNIMPLEMENTED);
  EXPECT_EQ(message_, "this host does not have the interface 'mortise.http/1'; use a newer host");
}

TEST_F(PluginTest, TakesATableOfAbi10) {
  auto older = *FakeExchange::table();
  older.struct_size = offsetof(mortise_http_v1, time_left_ms);
  host_.interfaces[MORTISE_HTTP_V1] = &older;
  Scripted::on_construct = [](Context& ctx) { ctx.http(); };
  EXPECT_EQ(init(), MORTISE_OK);
  end();
}

TEST_F(PluginTest, RefusesATableThatIsTooShort) {
  mortise_http_v1 older{};
  older.struct_size = offsetof(mortise_http_v1, on_close);  // it is there since 1.0
  host_.interfaces[MORTISE_HTTP_V1] = &older;
  Scripted::on_construct = [](Context& ctx) { ctx.http(); };
  EXPECT_EQ(init(), MORTISE_UNIMPLEMENTED);
  EXPECT_EQ(message_, "this host has an older form of the interface 'mortise.http/1'; use a newer host");
}

TEST_F(PluginTest, TakesATableThatHasGrown) {
  mortise_log_v1 newer = *static_cast<const mortise_log_v1*>(host_.interfaces[MORTISE_LOG_V1]);
  newer.struct_size += 64;
  host_.interfaces[MORTISE_LOG_V1] = &newer;
  Scripted::on_construct = [](Context& ctx) { ctx.log().info("works"); };
  ASSERT_EQ(init(), MORTISE_OK);
  EXPECT_EQ(host_.lines.size(), 1U);
  end();
}

TEST_F(PluginTest, RefusesAHostWhoseTableIsTooShort) {
  auto host = host_.table();
  host.struct_size = offsetof(mortise_host_v1, get_interface);
  EXPECT_EQ(table_.init(&host, &self_, nullptr), MORTISE_FAILED_PRECONDITION);
}

TEST_F(PluginTest, ReadsItsSettings) {
  host_.config = R"({"page_size": 5})";
  Scripted::on_construct = [](Context& ctx) {
    EXPECT_EQ(ctx.config().value("page_size", 20), 5);
    EXPECT_EQ(ctx.data_directory(), "/var/lib/mortise/data/sample");
    EXPECT_EQ(ctx.name(), "sample");
    EXPECT_EQ(ctx.version(), "1.2.3");
    EXPECT_EQ(ctx.generation(), 7U);
  };
  ASSERT_EQ(init(), MORTISE_OK);
  end();
}

TEST_F(PluginTest, RegistersRoutesWithTheirOptions) {
  Scripted::on_construct = [](Context& ctx) {
    const auto handler = [](const Request&, Response& res) { res.text("x"); };
    ctx.http().get("/a", handler);
    ctx.http().del("/a/{id}", handler);
    ctx.http().route(
        "REPORT", "/a",
        {.body_limit_bytes = 9, .stream_body = true, .blocking = true, .deadline = std::chrono::seconds(2)}, handler);
  };
  ASSERT_EQ(init(), MORTISE_OK);
  ASSERT_EQ(host_.routes.size(), 3U);
  EXPECT_EQ(host_.routes[0].method + " " + host_.routes[0].pattern, "GET /a");
  EXPECT_EQ(host_.routes[1].method + " " + host_.routes[1].pattern, "DELETE /a/{id}");
  EXPECT_EQ(host_.routes[2].method, "REPORT");
  EXPECT_EQ(host_.routes[0].raw.deadline_ms, 0U);
  EXPECT_EQ(host_.routes[2].raw.body_limit_bytes, 9U);
  EXPECT_EQ(host_.routes[2].raw.deadline_ms, 2000U);
  EXPECT_EQ(host_.routes[2].raw.flags, MORTISE_HTTP_ROUTE_STREAM_BODY | MORTISE_HTTP_ROUTE_BLOCKING);
  EXPECT_EQ(host_.routes[2].raw.struct_size, sizeof(mortise_http_route_v1));
  FakeExchange exchange;
  host_.call(exchange);
  EXPECT_EQ(exchange.sent, "x");
  end();
}

TEST_F(PluginTest, FailsWithTheHostsReasonAgainstARouteOrAMount) {
  host_.refuses = MORTISE_ALREADY_EXISTS;
  host_.reason = "GET /a is registered already";
  Scripted::on_construct = [](Context& ctx) { ctx.http().get("/a", [](const Request&, Response&) {}); };
  EXPECT_EQ(init(), MORTISE_ALREADY_EXISTS);
  EXPECT_EQ(message_, "GET /a is registered already");
  Scripted::on_construct = [](Context& ctx) { ctx.assets().mount_directory("/a", "/srv/a"); };
  EXPECT_EQ(init(), MORTISE_ALREADY_EXISTS);
  EXPECT_EQ(message_, "GET /a is registered already");
}

TEST_F(PluginTest, MountsFiles) {
  static const std::string content = "body {}";
  static const std::array<mortise_asset, 1> assets{{{sdk_testing::str("a.css"), sdk_testing::bytes(content)}}};
  Scripted::on_construct = [](Context& ctx) {
    ctx.assets().mount("/files", assets);
    ctx.assets().mount_directory("/local", "/srv/files");
  };
  ASSERT_EQ(init(), MORTISE_OK);
  ASSERT_EQ(host_.mounts.size(), 2U);
  EXPECT_EQ(host_.mounts[0].prefix, "/files");
  EXPECT_EQ(host_.mounts[0].files, (std::map<std::string, std::string>{{"a.css", "body {}"}}));
  EXPECT_EQ(host_.mounts[1].directory, "/srv/files");
  end();
}

}  // namespace
}  // namespace mortise
