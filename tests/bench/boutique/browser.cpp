#include "browser.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace bench {
namespace {

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

constexpr std::string_view kSetCookie = "Set-Cookie";

/// The first one's value in a head, or "". Mortise writes names in this case.
std::string_view header(std::string_view head, std::string_view name) {
  const auto at = head.find(std::string("\r\n").append(name).append(": "));
  if (at == std::string_view::npos) return {};
  const auto begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace

Browser::Browser(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
}

Browser::~Browser() { ::close(socket_); }

Page Browser::get(std::string_view target) {
  return exchange(std::string("GET ").append(target).append(" HTTP/1.1\r\n") + headers() + "\r\n");
}

Page Browser::post(std::string_view target, std::string_view form) {
  return exchange(std::string("POST ").append(target).append(" HTTP/1.1\r\n") + headers() +
                  "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " + std::to_string(form.size()) +
                  "\r\n\r\n" + std::string(form));
}

std::string Browser::headers() const {
  std::string text = "Host: bench\r\n";
  if (cookies_.empty()) return text;
  text += "Cookie: ";
  for (const auto& [name, value] : cookies_) text.append(name).append("=").append(value).append("; ");
  text.resize(text.size() - 2);
  return text + "\r\n";
}

Page Browser::exchange(const std::string& request) {
  if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    die("send");
  received_.clear();
  std::size_t wanted = 0;  // 0: the head is not whole yet
  std::size_t body = 0;
  while (wanted == 0 || received_.size() < wanted) {
    std::array<char, 65536> piece{};
    const auto count = ::recv(socket_, piece.data(), piece.size(), 0);
    if (count <= 0) die("recv");
    received_.append(piece.data(), static_cast<std::size_t>(count));
    const auto end = received_.find("\r\n\r\n");
    if (wanted != 0 || end == std::string::npos) continue;
    body = end + 4;
    const auto length = header(std::string_view(received_).substr(0, end + 2), "Content-Length");
    wanted = body + std::strtoul(std::string(length).c_str(), nullptr, 10);
  }
  const auto head = std::string_view(received_).substr(0, body - 2);
  Page page;
  page.status = static_cast<unsigned>(std::strtoul(received_.c_str() + sizeof "HTTP/1.1", nullptr, 10));
  page.location = header(head, "Location");
  page.body = received_.substr(body);
  keep_cookies(head);
  return page;
}

void Browser::keep_cookies(std::string_view head) {
  for (auto cookie = header(head, kSetCookie); !cookie.empty(); cookie = header(head, kSetCookie)) {
    head.remove_prefix(static_cast<std::size_t>(cookie.data() - head.data()));
    const auto equals = cookie.find('=');
    if (equals == std::string_view::npos) continue;
    const auto name = std::string(cookie.substr(0, equals));
    cookies_.erase(name);
    const auto value = cookie.substr(equals + 1, cookie.find(';') - equals - 1);
    if (!value.empty()) cookies_[name] = value;
  }
}

}  // namespace bench
