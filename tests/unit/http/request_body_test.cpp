// Bodies that are gathered before the handler runs.
#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

using testing::view;

std::string post(const std::string& lines, const std::string& path = "/echo") {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

class RequestBodyTest : public testing::EdgeTest {
 protected:
  RequestBodyTest() : test_(plugin()) {
    const auto echo = [this](auto* exchange, const mortise_http_request_v1& request) {
      return test_.respond(exchange, view(request.body));
    };
    test_.on("POST", "/echo", echo);
    test_.on("POST", "/small", echo, 0, 10);
    test_.on("POST", "/large", echo, 0, 4'000'000);
  }

  testing::TestPlugin& test_;
};

TEST_F(RequestBodyTest, ArrivesWholeHoweverItWasCut) {
  start();
  publish(test_);
  auto client = connect();
  client.send(post("Content-Length: 11\r\n") + "hello");
  client.send(" world");
  EXPECT_EQ(client.read().body, "hello world");
  for (const char c : post("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n6;x\r\n world\r\n0\r\nT: 1\r\n\r\n") {
    client.send({&c, 1});
  }
  EXPECT_EQ(client.read().body, "hello world");
}

TEST_F(RequestBodyTest, MayBeMuchLargerThanTheBuffer) {
  start();
  publish(test_);
  std::string body;
  while (body.size() < 3'000'000) body += std::to_string(body.size()) + ",";
  auto client = connect();
  client.send(post("Content-Length: " + std::to_string(body.size()) + "\r\n", "/large") + body);
  EXPECT_EQ(client.read().body, body);
  std::string chunks;
  for (std::size_t at = 0; at < body.size(); at += 1000) {
    const auto piece = body.substr(at, 1000);
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    chunks += size + piece + "\r\n";
  }
  client.send(post("Transfer-Encoding: chunked\r\n", "/large") + chunks + "0\r\n\r\n");
  EXPECT_EQ(client.read().body, body);
}

TEST_F(RequestBodyTest, IsRefusedByItsLength) {
  start();
  publish(test_);
  auto client = connect();
  const auto answer = client.send(post("Content-Length: 11\r\n", "/small")).read();
  EXPECT_EQ(answer.status, 413U) << "before it was sent";
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(ask(post("Content-Length: 1048577\r\n")).status, 413U) << "the server's own limit";
  EXPECT_EQ(ask(post("Content-Length: 10\r\n", "/small") + "0123456789").body, "0123456789");
}

TEST_F(RequestBodyTest, IsRefusedByItsChunks) {
  start();
  publish(test_);
  EXPECT_EQ(ask(post("Transfer-Encoding: chunked\r\n", "/small") + "6\r\n012345\r\n5\r\n").status, 413U);
  EXPECT_EQ(ask(post("Transfer-Encoding: chunked\r\n", "/small") + "FFFFFFFFFFFFFFFF\r\n").status, 413U);
}

TEST_F(RequestBodyTest, IsRefusedWhenItsChunksAreMalformed) {
  start();
  publish(test_);
  for (const auto* chunks : {"x\r\n", "5\nhello\r\n", "5\r\nhelloX\r\n", "10000000000000000\r\n", "-1\r\n"}) {
    auto client = connect();
    client.send(post("Transfer-Encoding: chunked\r\n") + chunks);
    EXPECT_EQ(client.read().status, 400U) << chunks;
    EXPECT_EQ(client.read_to_end(), "");
  }
}

TEST_F(RequestBodyTest, IsAskedForWhenTheClientWaits) {
  start();
  publish(test_);
  auto client = connect();
  client.send(post("Content-Length: 5\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(client.read().status, 100U);
  client.send("hello");
  EXPECT_EQ(client.read().body, "hello");
  client.send(post("Content-Length: 5\r\nExpect: 100-continue\r\n") + "hello");
  EXPECT_EQ(client.read().status, 200U) << "what is there need not be asked for";
  client.send(post("Content-Length: 11\r\nExpect: 100-continue\r\n", "/small"));
  EXPECT_EQ(client.read().status, 413U) << "nor what is refused";
}

TEST_F(RequestBodyTest, OfAPathThatIsNotServedEndsTheConnection) {
  start();
  publish(test_);
  auto client = connect();
  client.send(post("Content-Length: 100000\r\n", "/missing") + std::string(50000, 'x'));
  EXPECT_EQ(client.read().status, 404U);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(RequestBodyTest, MayBeMissing) {
  start();
  publish(test_);
  auto client = connect();
  EXPECT_EQ(client.send(post("Content-Length: 0\r\n")).read().body, "");
  EXPECT_EQ(client.send(post("")).read().body, "");
}

}  // namespace
}  // namespace mortise::http
