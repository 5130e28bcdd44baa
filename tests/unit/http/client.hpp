// A raw HTTP client: sends the bytes it is given, and reads answers one by one. Every wait ends at a deadline that a
// busy machine does not reach, with an exception that says what was there by then.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.hpp"

namespace mortise::http::testing {

/// One answer as it arrived.
struct Answer {
  unsigned status = 0;
  std::string head;  // with its last empty line
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // decoded, when it came in chunks

  /// The value of a header, or "" when it is not there.
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (base::equals_ignoring_case(key, name)) return value;
    }
    return "";
  }
};

/// One connection to 127.0.0.1. One thread at a time.
class Client {
 public:
  explicit Client(std::uint16_t port, int receive_buffer = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const sockaddr_in address{
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    set(SOL_SOCKET, SO_RCVBUF, receive_buffer);
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("cannot connect");
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  virtual ~Client() { close(); }

  /// Sends all of it; a server that has closed meanwhile is no failure here.
  virtual Client& send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      if (sent < 0 && errno != EAGAIN) break;
      if (sent < 0) wait_for(POLLOUT, "the server takes no more");
    }
    return *this;
  }

  /// Reads one answer; `is_head`: one without a body, whatever its length says.
  Answer read(bool is_head = false) {
    Answer answer = parse_head(take_through("\r\n\r\n"));
    const auto length = answer.header("Content-Length");
    if (is_head || answer.status < 200 || answer.status == 204 || answer.status == 304) return answer;
    if (answer.header("Transfer-Encoding") == "chunked") {
      for (;;) {
        const auto size = std::stoul(take_through("\r\n"), nullptr, 16);
        answer.body += take(size);
        if (take(2) != "\r\n") fail("a chunk does not end in CRLF");
        if (size == 0) return answer;
      }
    }
    answer.body = length.empty() ? read_to_end() : take(std::stoul(length));
    return answer;
  }

  /// Everything until the server closes, also when it does so with a reset.
  std::string read_to_end() {
    while (receive()) {
    }
    return std::exchange(input_, {});
  }
  /// Takes what arrives up to and with `end`.
  std::string take_through(std::string_view end) {
    std::size_t at = 0;
    while ((at = input_.find(end)) == std::string::npos) need();
    return take(at + end.size());
  }
  std::string take(std::size_t size) {
    while (input_.size() < size) need();
    auto taken = input_.substr(0, size);
    input_.erase(0, size);
    return taken;
  }

  Client& end_output() {
    ::shutdown(socket_, SHUT_WR);
    return *this;
  }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  /// Closes with a reset.
  void reset() {
    const linger none{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close();
  }
  [[nodiscard]] int descriptor() const { return socket_; }

 protected:
  static constexpr int kDeadlineMs = 45000;

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error("client: " + what + "; unread input: '" + base::printable(input_, 2000) + "'");
  }
  /// Takes up to `size` bytes of what is there, at least one; 0 or less at the end.
  virtual std::ptrdiff_t receive_some(char* buffer, std::size_t size) {
    wait_for(POLLIN, "nothing arrives");
    return ::recv(socket_, buffer, size, 0);
  }

 private:
  void set(int level, int option, int value) const {
    if (value != 0) ::setsockopt(socket_, level, option, &value, sizeof value);
  }
  void wait_for(short events, const char* otherwise) const {
    pollfd ready{.fd = socket_, .events = events, .revents = 0};
    if (::poll(&ready, 1, kDeadlineMs) != 1) fail(otherwise);
  }
  bool receive() {
    char buffer[16384];
    const auto got = receive_some(buffer, sizeof buffer);
    if (got > 0) input_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }
  void need() {
    if (!receive()) fail("the server closed in the middle of an answer, or without one");
  }
  static Answer parse_head(std::string head) {
    Answer answer;
    answer.head = std::move(head);
    answer.status = static_cast<unsigned>(std::stoul(answer.head.substr(answer.head.find(' '))));
    for (auto at = answer.head.find("\r\n") + 2; at + 2 < answer.head.size();) {
      const auto end = answer.head.find("\r\n", at);
      const auto colon = answer.head.find(": ", at);
      answer.headers.emplace_back(answer.head.substr(at, colon - at), answer.head.substr(colon + 2, end - colon - 2));
      at = end + 2;
    }
    return answer;
  }

  int socket_;
  std::string input_;
};

}  // namespace mortise::http::testing
