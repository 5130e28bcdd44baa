// Static files out of a plugin's memory.
#include <gmock/gmock.h>
#include <mortise/abi/assets.h>

#include <array>

#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

using testing::bytes;
using ::testing::HasSubstr;
using testing::str;

constexpr std::string_view kPage = "<!doctype html><title>page</title>";
constexpr std::string_view kStyle = "body { color: teal }";

const std::array<mortise_asset, 4>& assets() {
  static const std::array<mortise_asset, 4> all{{{str("index.html"), bytes(kPage)},
                                                 {str("css/site.css"), bytes(kStyle)},
                                                 {str("docs/index.html"), bytes("<p>docs")},
                                                 {str("empty.txt"), {nullptr, 0}}}};
  return all;
}

class AssetsTest : public testing::EdgeTest {
 protected:
  /// Mounts in init; the outcome, and init's too.
  void mount(const std::string& prefix) {
    auto& test = plugin();
    publish(test.in_init([prefix](const mortise_host_v1& host, mortise_error* error) {
      const auto* table = static_cast<const mortise_assets_v1*>(host.get_interface(host.host, str(MORTISE_ASSETS_V1)));
      return table->mount(host.host, str(prefix), assets().data(), assets().size(), error);
    }));
  }
  testing::Answer get_with(const std::string& path, const std::string& lines, const std::string& method = "GET") {
    return ask(method + " " + path + " HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
  }
};

TEST_F(AssetsTest, AreServedWithTypeAndTag) {
  start();
  mount("/files");
  const auto style = get("/files/css/site.css");
  EXPECT_EQ(style.status, 200U);
  EXPECT_EQ(style.body, kStyle);
  EXPECT_EQ(style.header("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(style.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(style.header("Accept-Ranges"), "bytes");
  EXPECT_EQ(get("/files/").body, kPage);
  EXPECT_EQ(get("/files/docs/").body, "<p>docs");
  EXPECT_EQ(get("/files/empty.txt").body, "");
  EXPECT_EQ(get("/files/%69ndex.html").body, kPage);
  EXPECT_EQ(get_with("/files/css/site.css", "", "HEAD").header("Content-Length"), std::to_string(kStyle.size()));
  EXPECT_EQ(get_with("/files/css/site.css", "", "POST").status, 405U);
}

TEST_F(AssetsTest, AnswerTheirFolderWithASlash) {
  start();
  mount("/files/");
  const auto answer = get("/files?a=b");
  EXPECT_EQ(answer.status, 308U);
  EXPECT_EQ(answer.header("Location"), "/files/?a=b");
}

TEST_F(AssetsTest, MayBeTheWholeSite) {
  start();
  mount("/");
  EXPECT_EQ(get("/").body, kPage);
  EXPECT_EQ(get("/css/site.css").body, kStyle);
}

TEST_F(AssetsTest, AreNotSentTwice) {
  start();
  mount("/files");
  const auto tag = get("/files/css/site.css").header("ETag");
  EXPECT_NE(tag, get("/files/").header("ETag"));
  const auto unchanged = get_with("/files/css/site.css", "If-None-Match: " + tag + "\r\n");
  EXPECT_EQ(unchanged.status, 304U);
  EXPECT_EQ(unchanged.header("ETag"), tag);
  EXPECT_EQ(get_with("/files/css/site.css", "If-None-Match: \"other\"\r\n").body, kStyle);
}

TEST_F(AssetsTest, AreServedInPieces) {
  start();
  mount("/files");
  const auto piece = get_with("/files/css/site.css", "Range: bytes=5-8\r\n");
  EXPECT_EQ(piece.status, 206U);
  EXPECT_EQ(piece.header("Content-Range"), "bytes 5-8/20");
  EXPECT_EQ(piece.body, kStyle.substr(5, 4));
  const auto outside = get_with("/files/css/site.css", "Range: bytes=20-\r\n");
  EXPECT_EQ(outside.status, 416U);
  EXPECT_EQ(outside.header("Content-Range"), "bytes */20");
}

TEST_F(AssetsTest, AreNothingElse) {
  start();
  mount("/files");
  for (const auto* path : {"/files/other", "/files/css", "/files/css/", "/files/css/site.css/", "/files//index.html",
                           "/files/INDEX.HTML", "/files/css%2fother.css"}) {
    EXPECT_EQ(get(path).status, 404U) << path;
  }
  EXPECT_EQ(get("/files/../index.html").status, 400U);
  EXPECT_EQ(get("/files/css/..%2findex.html").status, 400U);
}

TEST_F(AssetsTest, AreRefusedAtAPrefixThatIsTaken) {
  start();
  auto& test = plugin();
  test.says("/files", "mine");
  test.in_init([&](const mortise_host_v1& host, mortise_error*) {
    const auto* table = static_cast<const mortise_assets_v1*>(host.get_interface(host.host, str(MORTISE_ASSETS_V1)));
    std::array<char, 200> text{};
    mortise_error error{sizeof(mortise_error), text.size(), 0, 0, text.data()};
    EXPECT_EQ(table->mount(host.host, str("files"), assets().data(), 1, &error), MORTISE_INVALID_ARGUMENT);
    EXPECT_THAT(std::string(text.data(), error.size), HasSubstr("must begin with '/'"));
    const mortise_asset absolute{str("/index.html"), bytes(kPage)};
    EXPECT_EQ(table->mount(host.host, str("/files"), &absolute, 1, &error), MORTISE_INVALID_ARGUMENT);
    EXPECT_EQ(table->mount(host.host, str("/files"), assets().data(), 1, &error), MORTISE_OK);
    EXPECT_EQ(table->mount(host.host, str("/files"), assets().data(), 1, &error), MORTISE_ALREADY_EXISTS);
    return MORTISE_OK;
  });
  EXPECT_THAT(init(test).error().message, HasSubstr("GET /files is registered already"));
}

TEST_F(AssetsTest, OutliveAMountOfWhichHalfWasRefused) {
  start();
  auto& test = plugin();
  test.in_init([&](const mortise_host_v1& host, mortise_error* error) {
    const mortise_http_route_v1 route{.struct_size = sizeof(mortise_http_route_v1),
                                      .flags = 0,
                                      .method = str("GET"),
                                      .pattern = str("/files"),
                                      .body_limit_bytes = 0,
                                      .self = nullptr,
                                      .handle = [](void*, auto*, const auto*, auto*) { return MORTISE_NOT_FOUND; },
                                      .deadline_ms = 0,
                                      .reserved = 0};
    EXPECT_EQ(test.http().add_route(host.host, &route, error), MORTISE_OK);
    const auto* table = static_cast<const mortise_assets_v1*>(host.get_interface(host.host, str(MORTISE_ASSETS_V1)));
    EXPECT_EQ(table->mount(host.host, str("/files"), assets().data(), 1, error), MORTISE_ALREADY_EXISTS);
    return MORTISE_OK;
  });
  publish(test);
  EXPECT_EQ(get("/files/index.html").body, kPage);
}

}  // namespace
}  // namespace mortise::http
