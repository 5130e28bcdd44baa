// The limits of mortise.json, each set to a value of the test's own: what keeps within it passes, what exceeds it gets
// the answer that says so.
#include <Poco/Net/StreamSocket.h>

#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

using ::testing::HasSubstr;

class LimitsTest : public HostTest {
 protected:
  /// Sends the beginning of a request and nothing more; all that comes until the host closes the connection.
  static std::string answer_to_half(const std::string& request, std::uint16_t port) {
    Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", port));
    socket.setReceiveTimeout(Poco::Timespan(kPatience.count(), 0));
    socket.sendBytes(request.data(), static_cast<int>(request.size()));
    std::string text;
    std::array<char, 4096> piece;
    for (int got = 1; got > 0;) {
      got = socket.receiveBytes(piece.data(), static_cast<int>(piece.size()));
      text.append(piece.data(), static_cast<std::size_t>(std::max(got, 0)));
    }
    return text;
  }
};

TEST_F(LimitsTest, HeadLargerThanMaxHeaderBytesIs431) {
  prefix_.configure({{"edge", {{"max_header_bytes", 4096}}}});
  prefix_.add_shipped("hello");
  auto& host = start();
  EXPECT_EQ(host.connect().get("/hello", {{"X-Large", std::string(3000, 'x')}}).status, 200);
  EXPECT_EQ(host.connect().get("/hello", {{"X-Large", std::string(4096, 'x')}}).status, 431);
}

TEST_F(LimitsTest, BodyLargerThanMaxBodyBytesIs413WhereTheRouteHasNoLimitOfItsOwn) {
  prefix_.configure({{"edge", {{"max_body_bytes", 100}}}});
  prefix_.add_zoo("good-1.0", "good");
  auto& host = start();
  EXPECT_EQ(host.connect().send("GET", "/good", std::string(100, 'x')).status, 200);
  EXPECT_EQ(host.connect().send("GET", "/good", std::string(101, 'x')).status, 413);
}

TEST_F(LimitsTest, HeadThatDoesNotEndWithinHeaderTimeoutIs408) {
  prefix_.configure({{"edge", {{"header_timeout_ms", 300}}}});
  const auto answer = answer_to_half("GET /hello HTTP/1.1\r\nHost: a\r\n", start().port());
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 408 "));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
}

TEST_F(LimitsTest, BodyThatStopsForLongerThanBodyTimeoutIs408) {
  prefix_.configure({{"edge", {{"body_timeout_ms", 300}}}});
  prefix_.add_shipped("notes");
  const auto answer =
      answer_to_half("POST /notes HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{\"title\"", start().port());
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 408 "));
}

TEST_F(LimitsTest, CallsBetweenPluginsReturnAtMostArenaMaxBytes) {
  prefix_.configure({{"arena_max_bytes", 65536}, {"edge", {{"max_header_bytes", 262144}}}});
  prefix_.add_shipped("greeter");
  prefix_.add_shipped("hello");
  auto& host = start();
  const auto greet = [&](std::size_t size) { return host.get("/hello/" + std::string(size, 'x')); };
  EXPECT_EQ(greet(30000).status, 200);
  const auto refused = greet(70000);
  EXPECT_EQ(refused.status, 429) << refused.body;
  EXPECT_EQ(host_->stop(), 0);

  prefix_.configure({{"arena_max_bytes", 262144}});
  host_.emplace(prefix_);
  host_->wait_until_ready();
  EXPECT_EQ(host_->get("/hello/" + std::string(70000, 'x')).status, 200);
}

}  // namespace
}  // namespace mortise::integration
