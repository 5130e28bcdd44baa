#include "http_caller.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

namespace bench {
namespace {

[[noreturn]] void fail(const char* what) {
  std::cerr << "bench: " << what << " failed\n";
  std::exit(1);
}

}  // namespace

HttpCaller::HttpCaller(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("connect");
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

HttpCaller::~HttpCaller() { ::close(socket_); }

std::int64_t HttpCaller::add(std::int64_t a, std::int64_t b) {
  const auto request =
      "GET /add/" + std::to_string(a) + "/" + std::to_string(b) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    fail("send");
  buffer_.clear();
  // The answer is small: its end is that of the JSON object.
  while (buffer_.empty() || buffer_.back() != '}') {
    char piece[1024];
    const auto size = ::recv(socket_, piece, sizeof piece, 0);
    if (size <= 0) fail("recv");
    buffer_.append(piece, static_cast<std::size_t>(size));
  }
  return nlohmann::json::parse(buffer_.substr(buffer_.find("\r\n\r\n"))).at("sum").get<std::int64_t>();
}

}  // namespace bench
