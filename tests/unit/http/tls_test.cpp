// The edge over TLS, from a client's side.
#include "certificates.hpp"
#include "edge_fixture.hpp"
#include "tls_client.hpp"
#include "websocket_client.hpp"

namespace mortise::http {
namespace {

using testing::Client;
using testing::EdgeTest;
using testing::Event;
using testing::TlsClient;
using namespace std::chrono_literals;

class TlsTest : public EdgeTest {
 protected:
  void start_secure(ServerSettings settings = {}) {
    settings.listen.push_back({.address = "127.0.0.1", .port = 0, .tls = testing::make_tls(folder_.path())});
    settings.listen.push_back({.address = "127.0.0.1", .port = 0, .tls = {}});
    start(std::move(settings));
  }
  /// Everything still works for others.
  void expect_serving() {
    EXPECT_EQ(TlsClient(port()).send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").read().body, "hello");
  }

  mortise::testing::TemporaryDirectory folder_;
};

constexpr std::string_view kGet = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_F(TlsTest, AnswersOneRequestAfterTheOther) {
  start_secure();
  publish(plugin().says("/hello", "hello"));
  TlsClient client(port());
  EXPECT_EQ(client.version(), "TLSv1.3");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.send(kGet).read().body, "hello");
  client.send(std::string(kGet) + std::string(kGet));
  EXPECT_EQ(client.read().body, "hello");
  EXPECT_EQ(client.read().body, "hello");
}

TEST_F(TlsTest, TellsThePluginWhichRequestsAreSecure) {
  start_secure();
  auto& made = plugin();
  publish(made.on("GET", "/secure", [&](auto* exchange, const auto& request) {
    return made.respond(exchange, (request.flags & MORTISE_HTTP_REQUEST_SECURE) != 0 ? "yes" : "no");
  }));
  constexpr std::string_view kAsk = "GET /secure HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(TlsClient(port()).send(kAsk).read().body, "yes");
  EXPECT_EQ(Client(server().ports()[1]).send(kAsk).read().body, "no");
}

TEST_F(TlsTest, AHandlerKnowsThatItsClientHasGone) {
  start_secure();
  Event is_inside;
  Event has_left;
  auto& made = plugin();
  publish(made.on(
      "GET", "/waits",
      [&](auto* exchange, const auto&) {
        is_inside.set();
        const auto limit = std::chrono::steady_clock::now() + testing::kLong;
        while (made.http().time_left_ms(exchange) > 0 && std::chrono::steady_clock::now() < limit) {
          std::this_thread::yield();
        }
        if (std::chrono::steady_clock::now() < limit) has_left.set();
        return made.respond(exchange, "nobody");
      },
      MORTISE_HTTP_ROUTE_BLOCKING));
  {
    TlsClient client(port());
    client.send("GET /waits HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(is_inside.wait());
  }
  EXPECT_TRUE(has_left.wait());
}

TEST_F(TlsTest, CarriesLargeBodiesBothWays) {
  ServerSettings settings;
  settings.max_body_bytes = 16'000'000;
  start_secure(std::move(settings));
  auto& made = plugin();
  publish(made.on("POST", "/echo", [&](auto* exchange, const auto& request) {
    return made.respond(exchange, testing::view(request.body));
  }));
  std::string body(8'000'000, ' ');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
  TlsClient client(port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n").send(body);
  EXPECT_TRUE(client.read().body == body);
}

TEST_F(TlsTest, StreamsWhileTheClientSendsItsNextRequests) {
  start_secure();
  auto& made = plugin();
  made.says("/hello", "hello");
  publish(made.on("GET", "/stream", [&](auto* exchange, const auto&) {
    const auto head = testing::TestPlugin::head(200);
    if (const auto status = made.http().start(exchange, &head); status != MORTISE_OK) return status;
    const std::string piece(10'000, 's');
    for (int i = 0; i < 400; ++i) {
      if (const auto status = made.http().write(exchange, testing::bytes(piece), 45000); status != MORTISE_OK) {
        return status;
      }
    }
    return made.http().finish(exchange);
  }));
  TlsClient client(port());
  client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  client.take_through("\r\n\r\n");
  std::string streamed;
  // A byte of the next requests for every piece of the answer, so that both directions are busy all the time.
  const std::string next = std::string(kGet) + std::string(kGet);
  for (const char c : next) {
    client.send(std::string_view(&c, 1));
    streamed += client.take(40'000);
  }
  streamed += client.take_through("\r\n0\r\n\r\n");
  EXPECT_EQ(std::count(streamed.begin(), streamed.end(), 's'), 4'000'000);
  EXPECT_EQ(client.read().body, "hello");
  EXPECT_EQ(client.read().body, "hello");
}

TEST_F(TlsTest, SpeaksTls12ButNothingOlder) {
  start_secure();
  publish(plugin().says("/hello", "hello"));
  TlsClient client(port(), {.max_version = TLS1_2_VERSION});
  EXPECT_EQ(client.version(), "TLSv1.2");
  EXPECT_EQ(client.send(kGet).read().body, "hello");
  EXPECT_FALSE(TlsClient(port(), {.max_version = TLS1_1_VERSION}).is_secure());
  expect_serving();
}

TEST_F(TlsTest, AgreesOnHttp11WhenTheClientOffersIt) {
  start_secure();
  publish(plugin().says("/hello", "hello"));
  EXPECT_EQ(TlsClient(port(), {.alpn = "\x02h2\x08http/1.1"}).alpn(), "http/1.1");
  EXPECT_EQ(TlsClient(port()).alpn(), "");
  EXPECT_FALSE(TlsClient(port(), {.alpn = "\x02h2"}).is_secure());
}

TEST_F(TlsTest, ResumesASession) {
  start_secure();
  publish(plugin().says("/hello", "hello"));
  TlsClient first(port());
  EXPECT_EQ(first.send(kGet).read().body, "hello");
  const std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)> session(SSL_get1_session(first.ssl()),
                                                                          &SSL_SESSION_free);
  EXPECT_EQ(SSL_SESSION_is_resumable(session.get()), 1);
}

TEST_F(TlsTest, RefusesRenegotiation) {
  start_secure();
  publish(plugin().says("/hello", "hello"));
  TlsClient client(port(), {.max_version = TLS1_2_VERSION});
  EXPECT_EQ(client.send(kGet).read().body, "hello");
  SSL_renegotiate(client.ssl());
  EXPECT_NE(SSL_do_handshake(client.ssl()), 1);
  expect_serving();
}

TEST_F(TlsTest, SaysThatNothingMoreComesWhenItCloses) {
  start_secure();
  publish(plugin().says("/hello", "hello"));
  TlsClient client(port());
  EXPECT_EQ(client.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").read().body, "hello");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.got_close_notify());
}

TEST_F(TlsTest, TakesACloseNotifyAndATruncationAlike) {
  start_secure();
  publish(plugin().says("/hello", "hello"));
  TlsClient polite(port());
  EXPECT_EQ(polite.send(kGet).read().body, "hello");
  polite.end_securely();
  EXPECT_EQ(polite.read_to_end(), "");
  TlsClient rude(port());
  EXPECT_EQ(rude.send(kGet).read().body, "hello");
  rude.end_output();
  EXPECT_EQ(rude.read_to_end(), "");
  TlsClient rudest(port());
  rudest.send("POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf").reset();
  expect_serving();
}

TEST_F(TlsTest, ClosesWhatIsNoTls) {
  start_secure();
  publish(plugin().says("/hello", "hello"));
  EXPECT_EQ(Client(port()).send(kGet).read_to_end().find("HTTP/"), std::string::npos);
  Client(port()).send(std::string(100'000, '\xff')).read_to_end();
  // The start of a record that claims to be a handshake, and then something else.
  Client(port())
      .send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(600, 'x'))
      .read_to_end();
  Client(port()).send("\x16").reset();
  expect_serving();
}

TEST_F(TlsTest, GivesUpOnAHandshakeThatDoesNotCome) {
  ServerSettings settings;
  settings.header_timeout = 100ms;
  start_secure(std::move(settings));
  publish(plugin().says("/hello", "hello"));
  Client silent(port());
  EXPECT_EQ(silent.read_to_end().find("HTTP/"), std::string::npos);
  Client slow(port());
  slow.send(std::string("\x16\x03\x01", 3));
  EXPECT_EQ(slow.read_to_end().find("HTTP/"), std::string::npos);
}

TEST_F(TlsTest, FinishesWhatIsInFlightWhenItStops) {
  start_secure();
  Event is_inside;
  Event may_go;
  auto& made = plugin();
  publish(made.on("GET", "/hello", [&](auto* exchange, const auto&) {
    is_inside.set();
    may_go.wait();
    return made.respond(exchange, "hello");
  }));
  TlsClient client(port());
  client.send(kGet);
  ASSERT_TRUE(is_inside.wait());
  TlsClient idle(port());
  server().drain();
  EXPECT_EQ(idle.read_to_end(), "");
  may_go.set();
  const auto answer = client.read();
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.got_close_notify());
  EXPECT_EQ(shut_down(45s), 0U);
}

}  // namespace
}  // namespace mortise::http
