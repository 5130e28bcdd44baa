// The floor that an HTTP server on one thread stands on: an epoll loop that answers every request with the same bytes
// and looks at nothing but where a request ends. Prints its port, serves until it is killed.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

constexpr std::size_t kBufferBytes = 4096;
constexpr std::size_t kEvents = 512;

// As many bytes, in the same headers, as the plugin's answer.
constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\n"
    "Date: Mon, 23 Nov 2026 17:00:00 GMT\r\n"
    "X-Request-Id: 0123456789-0-1234567\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 14\r\n"
    "\r\n"
    "Hello, world!\n";

/// What has come of a request that is not complete.
struct Client {
  std::array<char, kBufferBytes> buffer;
  std::size_t filled = 0;
};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int listen_on_loopback() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (listener < 0 || ::bind(listener, generic, size) != 0 || ::listen(listener, SOMAXCONN) != 0) die("listen");
  if (::getsockname(listener, generic, &size) != 0) die("getsockname");
  std::printf("%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
  std::fflush(stdout);
  return listener;
}

void watch(int poll, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  if (::epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) != 0) die("epoll_ctl");
}

/// Takes the complete requests off the client's buffer; their number.
std::size_t take_requests(Client& client) {
  std::string_view text(client.buffer.data(), client.filled);
  std::size_t count = 0;
  for (auto end = text.find("\r\n\r\n"); end != std::string_view::npos; end = text.find("\r\n\r\n")) {
    text.remove_prefix(end + 4);
    ++count;
  }
  std::copy(text.begin(), text.end(), client.buffer.begin());
  client.filled = text.size();
  return count;
}

class Loop {
 public:
  explicit Loop(int listener) : listener_(listener), poll_(::epoll_create1(EPOLL_CLOEXEC)) { watch(poll_, listener_); }

  [[noreturn]] void run() {
    std::array<epoll_event, kEvents> events;
    for (;;) {
      const int ready = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < ready; ++i) {
        if (events[static_cast<std::size_t>(i)].data.fd == listener_) {
          accept();
        } else {
          serve(events[static_cast<std::size_t>(i)].data.fd);
        }
      }
    }
  }

 private:
  void accept() {
    for (;;) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (client < 0) return;
      const int on = 1;
      ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      clients_[client] = std::make_unique<Client>();
      watch(poll_, client);
    }
  }

  void serve(int descriptor) {
    auto& client = *clients_[descriptor];
    const auto got = ::recv(descriptor, client.buffer.data() + client.filled, client.buffer.size() - client.filled, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return drop(descriptor);
    client.filled += static_cast<std::size_t>(got);
    const auto requests = take_requests(client);
    if (requests == 0) return;
    out_.clear();
    for (std::size_t i = 0; i < requests; ++i) out_ += kAnswer;
    // So few bytes always fit into the socket's buffer of a client that reads its answers.
    if (::send(descriptor, out_.data(), out_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(out_.size())) {
      drop(descriptor);
    }
  }

  void drop(int descriptor) {
    clients_.erase(descriptor);
    ::close(descriptor);
  }

  const int listener_;
  const int poll_;
  std::unordered_map<int, std::unique_ptr<Client>> clients_;
  std::string out_;
};

}  // namespace

int main() { Loop(listen_on_loopback()).run(); }
