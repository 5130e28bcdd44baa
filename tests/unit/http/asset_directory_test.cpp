// Static files out of a directory: what is in it, and nothing that is not.
#include <gmock/gmock.h>
#include <mortise/abi/assets.h>
#include <sys/stat.h>

#include "base/temporary_directory.hpp"
#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

using mortise::testing::write_file;
using ::testing::HasSubstr;
using testing::str;

class AssetDirectoryTest : public testing::EdgeTest {
 protected:
  AssetDirectoryTest() : site_(root_ / "site") {
    std::filesystem::create_directories(site_ / "sub");
    write_file(root_ / "secret.txt", "secret");
    write_file(site_ / "index.html", "<p>index");
    write_file(site_ / "sub" / "index.html", "<p>sub");
    write_file(site_ / "a b.txt", "spaces");
  }
  void mount(const std::filesystem::path& directory) {
    publish(plugin().in_init([directory](const mortise_host_v1& host, mortise_error* error) {
      const auto* table = static_cast<const mortise_assets_v1*>(host.get_interface(host.host, str(MORTISE_ASSETS_V1)));
      return table->mount_directory(host.host, str("/files"), str(directory.native()), error);
    }));
  }
  void serve() {
    start();
    mount(site_);
  }
  testing::Answer get_with(const std::string& path, const std::string& lines, const std::string& method = "GET") {
    return ask(method + " " + path + " HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
  }

  mortise::testing::TemporaryDirectory root_;
  std::filesystem::path site_;
};

TEST_F(AssetDirectoryTest, ServesItsFiles) {
  serve();
  const auto index = get("/files/");
  EXPECT_EQ(index.body, "<p>index");
  EXPECT_EQ(index.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(index.header("Content-Length"), "8");
  EXPECT_NE(index.header("Last-Modified"), "");
  EXPECT_EQ(get("/files/sub/").body, "<p>sub");
  EXPECT_EQ(get("/files/a%20b.txt").body, "spaces");
  EXPECT_EQ(get("/files").header("Location"), "/files/");
  EXPECT_EQ(get_with("/files/", "", "HEAD").header("Content-Length"), "8");
}

TEST_F(AssetDirectoryTest, LeadsNowhereElse) {
  std::filesystem::create_symlink(root_ / "secret.txt", site_ / "link.txt");
  std::filesystem::create_symlink(root_.path(), site_ / "up");
  std::filesystem::create_symlink("index.html", site_ / "inner.html");
  serve();
  for (const auto* path : {"/files/../secret.txt", "/files/%2e%2e/secret.txt", "/files/..%2fsecret.txt",
                           "/files/sub/..%2f..%2fsecret.txt", "/files/%2e%2e%2fsecret.txt",
                           "/files/sub/%2E%2E/%2E%2E/secret.txt", "/files/%00", "/files/index.html%00.txt"}) {
    EXPECT_EQ(get(path).status, 400U) << path;
  }
  for (const auto* path : {"/files/link.txt", "/files/up/secret.txt", "/files/inner.html", "/files//etc/passwd",
                           "/files/%2fetc%2fpasswd", "/files/..%5csecret.txt", "/files/%252e%252e/secret.txt"}) {
    EXPECT_EQ(get(path).status, 404U) << path;
  }
}

TEST_F(AssetDirectoryTest, HidesDotfilesAndWhatIsNoFile) {
  std::filesystem::create_directories(site_ / ".git");
  write_file(site_ / ".env", "secret");
  write_file(site_ / ".git" / "config", "secret");
  std::filesystem::create_directories(site_ / "bare");
  ASSERT_EQ(::mkfifo((site_ / "pipe").c_str(), 0600), 0);
  serve();
  for (const auto* path : {"/files/.env", "/files/.git/config", "/files/%2eenv", "/files/sub/.hidden", "/files/sub",
                           "/files/bare/", "/files/pipe", "/files/missing", "/files/index.html/"}) {
    EXPECT_EQ(get(path).status, 404U) << path;
  }
}

TEST_F(AssetDirectoryTest, NoticesChanges) {
  serve();
  const auto before = get("/files/");
  EXPECT_EQ(get_with("/files/", "If-None-Match: " + before.header("ETag") + "\r\n").status, 304U);
  EXPECT_EQ(get_with("/files/", "If-Modified-Since: " + before.header("Last-Modified") + "\r\n").status, 304U);
  write_file(site_ / "index.html", "<p>another");
  const auto after = get_with("/files/", "If-None-Match: " + before.header("ETag") + "\r\n");
  EXPECT_EQ(after.body, "<p>another");
  EXPECT_NE(after.header("ETag"), before.header("ETag"));
}

TEST_F(AssetDirectoryTest, ServesLargeFilesAndPiecesOfThem) {
  std::string large;
  while (large.size() < 2'000'000) large += std::to_string(large.size()) + ",";
  write_file(site_ / "large.bin", large);
  serve();
  auto client = connect();
  client.send("GET /files/large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read().body, large);
  client.send("GET /files/large.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=100000-299999\r\n\r\n");
  const auto piece = client.read();
  EXPECT_EQ(piece.status, 206U);
  EXPECT_EQ(piece.header("Content-Range"), "bytes 100000-299999/" + std::to_string(large.size()));
  EXPECT_EQ(piece.body, large.substr(100000, 200000));
  client.send("GET /files/large.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=-5\r\n\r\n");
  EXPECT_EQ(client.read().body, large.substr(large.size() - 5));
}

TEST_F(AssetDirectoryTest, SurvivesClientsThatLeaveADownload) {
  write_file(site_ / "large.bin", std::string(20'000'000, 'x'));
  serve();
  for (int i = 0; i < 5; ++i) {
    auto client = connect();
    client.send("GET /files/large.bin HTTP/1.1\r\nHost: a\r\n\r\n").take(100000);
    client.reset();
  }
  EXPECT_EQ(get("/files/").body, "<p>index");
}

TEST_F(AssetDirectoryTest, MustExist) {
  start();
  auto& test = plugin();
  test.in_init([&](const mortise_host_v1& host, mortise_error* error) {
    const auto* table = static_cast<const mortise_assets_v1*>(host.get_interface(host.host, str(MORTISE_ASSETS_V1)));
    return table->mount_directory(host.host, str("/files"), str("/nonexistent/site"), error);
  });
  EXPECT_THAT(init(test).error().message, HasSubstr("cannot open directory '/nonexistent/site'"));
}

}  // namespace
}  // namespace mortise::http
