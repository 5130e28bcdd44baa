// WebSockets from both sides: what their peers say reaches the plugin, and what that says the peers, from any thread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "isolation/both_sides.hpp"
#include "isolation/remote_socket.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::isolation {
namespace {

using ::testing::ElementsAre;
using testing::FakeExchange;
using testing::FakeSocket;

std::string text_of(mortise_bytes bytes) { return {reinterpret_cast<const char*>(bytes.data), bytes.size}; }

mortise_bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

mortise_status on_message(void*, mortise_websocket* socket, mortise_bytes data, std::uint32_t is_text,
                          mortise_error* error) {
  const auto& table = remote_websocket_table();
  const auto text = text_of(data);
  if (text == "fail") return runtime::to_abi(base::Error{base::ErrorCode::not_found, "as it was told to"}, error);
  if (text == "close") return table.close(socket, 4000, runtime::to_abi("enough"));
  if (text == "faulty") {
    const auto status = table.close(socket, 1006, {});
    return table.send(socket, bytes_of(std::to_string(status)), 1);
  }
  if (text == "fill") {
    const std::string piece(10'000, 'f');
    while (table.send(socket, bytes_of(piece), 1) == MORTISE_OK) continue;
    return MORTISE_OK;
  }
  if (text == "threads") {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (int n = 0; n < 50; ++n) table.send(socket, bytes_of(std::to_string(i) + ":" + std::to_string(n)), 1);
      });
    }
    for (auto& thread : threads) thread.join();
    return MORTISE_OK;
  }
  return table.send(socket, data, is_text);
}

void on_close(void*, mortise_websocket* socket, std::uint32_t code, mortise_str reason) {
  const auto text = "heard " + std::to_string(code) + " " + std::string(runtime::to_view(reason));
  remote_websocket_table().send(socket, bytes_of(text), 1);
}

/// The plugin: accepts each request, or what its method says.
mortise_status handle(void*, mortise_http_exchange* exchange, const mortise_http_request_v1* request, mortise_error*) {
  const auto& table = remote_websocket_table();
  mortise_websocket_handlers_v1 handlers{.struct_size = sizeof handlers,
                                         .flags = 0,
                                         .protocol = runtime::to_abi("talk"),
                                         .self = nullptr,
                                         .on_message = &on_message,
                                         .on_close = &on_close};
  mortise_websocket* socket = nullptr;
  const auto how = runtime::to_view(request->method);
  if (how == "FAULTY") {
    handlers.on_message = nullptr;
    if (table.accept(exchange, &handlers, &socket) != MORTISE_INVALID_ARGUMENT) return MORTISE_INTERNAL;
    return MORTISE_NOT_FOUND;
  }
  const auto status = table.accept(exchange, &handlers, &socket);
  if (status != MORTISE_OK) return status;
  if (table.accept(exchange, &handlers, &socket) != MORTISE_FAILED_PRECONDITION) return MORTISE_INTERNAL;
  return table.send(socket, bytes_of("welcome"), 1);
}

class SocketRoundTripTest : public testing::BothSidesTest {
 protected:
  struct Peer {
    FakeExchange exchange;
    FakeSocket socket{exchange};
  };

  SocketRoundTripTest() : BothSidesTest(&handle) {}

  void submit_to(Peer& peer, const std::string& how = "GET") {
    const runtime::Scope scope(cone_);
    ASSERT_EQ(calls_->submit(route_, peer.exchange.handle(), testing::make_upgrade_request(how)), MORTISE_OK);
  }
  std::unique_ptr<Peer> open() {
    auto peer = std::make_unique<Peer>();
    submit_to(*peer);
    peer->socket.wait_until_open();
    return peer;
  }
  /// Tells it, and waits until it was heard.
  void tell(Peer& peer, std::string_view text) {
    const auto before = peer.socket.heard();
    ASSERT_EQ(peer.socket.tell(cone_, text), MORTISE_OK);
    peer.socket.wait_until_heard(before + 1);
  }
  void close(Peer& peer) {
    const auto before = peer.socket.heard();
    peer.socket.tell_close(cone_, 1000, "bye");
    peer.socket.wait_until_heard(before + 1);
    EXPECT_EQ(peer.socket.sent().back(), "heard 1000 bye");
  }
};

TEST_F(SocketRoundTripTest, MessagesGoBothWaysAndFailuresComeBack) {
  const auto peer = open();
  EXPECT_EQ(peer->socket.protocol(), "talk");
  EXPECT_THAT(peer->socket.sent(), ElementsAre("welcome"));
  for (const std::size_t size : {0U, 5U, 9000U, 3'000'000U}) {
    const std::string text(size, 'x');
    tell(*peer, text);
    EXPECT_TRUE(peer->socket.sent().back() == text) << size;
    EXPECT_TRUE(peer->socket.was_ok());
  }
  tell(*peer, "fail");
  EXPECT_FALSE(peer->socket.was_ok());
  tell(*peer, "faulty");
  EXPECT_EQ(peer->socket.sent().back(), std::to_string(MORTISE_INVALID_ARGUMENT));
  tell(*peer, "close");
  EXPECT_EQ(peer->socket.sent().back(), "close 4000 enough");
  close(*peer);
}

TEST_F(SocketRoundTripTest, ARequestThatIsNotAcceptedIsStillTheHandlers) {
  Peer faulty;
  submit_to(faulty, "FAULTY");
  faulty.exchange.wait();
  EXPECT_EQ(faulty.exchange.status(), 404U);
  Peer late;
  late.socket.answer = FakeSocket::Accepted::no;
  submit_to(late);
  late.exchange.wait();
  EXPECT_EQ(late.exchange.status(), 400U) << "the handler has failed with what accept() returned";
}

TEST_F(SocketRoundTripTest, WhatWaitsForAPeerIsCountedWithoutAskingTheHost) {
  const auto peer = open();
  peer->socket.stop_reading();
  tell(*peer, "fill");
  const auto filled = peer->socket.sent().size() - 1;  // without the welcome
  EXPECT_EQ(filled, (std::size_t{1} << 20U) / (10'000 + http::kMessageCost));
  const std::string one_more(10'000, 'm');
  tell(*peer, one_more);
  EXPECT_FALSE(peer->socket.was_ok()) << "the handler has failed with what send() returned";
  peer->socket.read_on();
  tell(*peer, one_more);
  EXPECT_TRUE(peer->socket.sent().back() == one_more);
  peer->socket.note_closed();
  tell(*peer, "too late");
  EXPECT_FALSE(peer->socket.was_ok());
  EXPECT_TRUE(peer->socket.sent().back() == one_more);
  peer->socket.read_on();
  close(*peer);
}

TEST_F(SocketRoundTripTest, ManyThreadsSendOnManySockets) {
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 8; ++i) peers.push_back(open());
  for (const auto& peer : peers) ASSERT_EQ(peer->socket.tell(cone_, "threads"), MORTISE_OK);
  for (const auto& peer : peers) {
    peer->socket.wait_until_heard(1);
    EXPECT_EQ(peer->socket.sent().size(), 201U);
  }
  for (const auto& peer : peers) close(*peer);
}

TEST_F(SocketRoundTripTest, NoneOfManyMessagesIsLost) {
  constexpr int kPeers = 4;
  constexpr int kMessages = 1000;
  std::vector<std::thread> threads;
  for (int i = 0; i < kPeers; ++i) {
    threads.emplace_back([this, i] {
      const auto peer = open();
      for (int n = 0; n < kMessages; ++n) {
        const auto text = std::to_string(i) + "-" + std::to_string(n);
        tell(*peer, text);
        EXPECT_EQ(peer->socket.sent().back(), text);
      }
      close(*peer);
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace mortise::isolation
