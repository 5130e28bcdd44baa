// The plugin files: the page out of its own memory, and the admin's folder, out of which nobody gets.
#include "support/placed_test.hpp"

namespace mortise::integration {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FilesTest : public PlacedTest {
 protected:
  /// A folder to serve, with a secret beside it.
  FilesTest() {
    fs::create_directories(www() / "sub");
    testing::write_file(www() / "hello.txt", "hello, file");
    testing::write_file(www() / "sub/page.html", "<p>page");
    testing::write_file(prefix_.path() / "secret.txt", "secret");
    prefix_.add_shipped("files", {{"directory", www().string()}});
  }
  [[nodiscard]] fs::path www() const { return prefix_.path() / "www"; }
};

TEST_P(FilesTest, RootLeadsToThePage) {
  auto client = start().connect();
  const auto root = client.get("/");
  EXPECT_EQ(root.status, 303);
  EXPECT_EQ(root.header("Location"), "/files/");
  const auto page = client.get("/files/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("<title>Notes"));
  EXPECT_EQ(client.get("/files/notes.js").header("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(client.get("/files/notes.css").header("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(client.get("/files/icon.svg").header("Content-Type"), "image/svg+xml");
}

TEST_P(FilesTest, SendsNothingAgainThatTheClientHas) {
  auto client = start().connect();
  for (const std::string target : {"/files/notes.js", "/files/local/hello.txt"}) {
    const auto first = client.get(target);
    ASSERT_EQ(first.status, 200) << target;
    const auto tag = first.header("ETag");
    ASSERT_NE(tag, "");
    const auto again = client.get(target, {{"If-None-Match", tag}});
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.body, "");
    EXPECT_EQ(again.header("ETag"), tag);
    EXPECT_EQ(client.get(target, {{"If-None-Match", "\"other\""}}).status, 200);
  }
}

TEST_P(FilesTest, SendsTheRangeThatIsAskedFor) {
  auto client = start().connect();
  const std::string target = "/files/local/hello.txt";
  const auto part = client.get(target, {{"Range", "bytes=7-"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "file");
  EXPECT_EQ(part.header("Content-Range"), "bytes 7-10/11");
  EXPECT_EQ(client.get(target, {{"Range", "bytes=-4"}}).body, "file");
  const auto beyond = client.get(target, {{"Range", "bytes=99-"}});
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond.header("Content-Range"), "bytes */11");
  const auto head = client.send("HEAD", target);
  EXPECT_EQ(head.header("Content-Length"), "11");
  EXPECT_EQ(head.body, "");
}

TEST_P(FilesTest, ServesTheFolderOnDisk) {
  auto client = start().connect();
  EXPECT_EQ(client.get("/files/local/sub/page.html").body, "<p>page");
  EXPECT_EQ(client.get("/files/local/no.txt").status, 404);
  testing::write_file(www() / "hello.txt", "changed");
  EXPECT_EQ(client.get("/files/local/hello.txt").body, "changed");
}

TEST_P(FilesTest, NoPathLeadsOutOfTheFolder) {
  fs::create_symlink(prefix_.path() / "secret.txt", www() / "link.txt");
  fs::create_directory_symlink(prefix_.path(), www() / "up");
  auto client = start().connect();
  for (const std::string path :
       {"../secret.txt", "sub/../../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "%2e%2e%2fsecret.txt",
        "%252e%252e/secret.txt", "..%5csecret.txt", "..\\secret.txt", "/../secret.txt", "%2f..%2fsecret.txt",
        "sub/%2e./.%2e/secret.txt", "....//secret.txt", "..;/secret.txt", "hello.txt%00/../../secret.txt", "link.txt",
        "up/secret.txt", "%c0%ae%c0%ae/secret.txt"}) {
    const auto answer = client.get("/files/local/" + path);
    EXPECT_GE(answer.status, 400) << path;
    EXPECT_LT(answer.status, 500) << path;
    EXPECT_NE(answer.body, "secret") << path;
  }
  EXPECT_EQ(client.get("/files/local" + prefix_.path().string() + "/secret.txt").status, 404);
  EXPECT_EQ(client.get("/files/local//etc/passwd").status, 404);
}

TEST_P(FilesTest, FolderThatIsNotThereFailsThePluginAlone) {
  prefix_.add_shipped("hello");
  fs::remove_all(www());
  auto& host = start();
  const auto files = host.wait_for_state("files", "failed");
  EXPECT_THAT(files["reason"].get<std::string>(), HasSubstr(www().string()));
  EXPECT_EQ(host.get("/hello").status, 200);
}

MORTISE_BOTH_PLACEMENTS(FilesTest);

}  // namespace
}  // namespace mortise::integration
