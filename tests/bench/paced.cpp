// Requests at a steady rate, as users make them, who do not wait for each other: what each takes is counted from when
// it was due, so that a server which stands still is not asked less. Prints how many there were, how many failed, and
// the 50th and 99th percentile in microseconds. Usage: bench_paced PORT PATH RATE CONNECTIONS SECONDS
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// One keep-alive connection, with one request on its way or none.
struct Connection {
  int socket = -1;
  Clock::time_point due{};
  std::string answer{};
};

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
  return socket;
}

/// Whether the answer is whole: its body is as long as its header says.
bool is_whole(const std::string& answer) {
  constexpr std::string_view kLength = "Content-Length: ";
  const auto end = answer.find("\r\n\r\n");
  const auto length = answer.find(kLength);
  if (end == std::string::npos || length == std::string::npos || length > end) return false;
  return answer.size() >= end + 4 + std::strtoul(answer.c_str() + length + kLength.size(), nullptr, 10);
}

class Pace {
 public:
  Pace(std::uint16_t port, const std::string& path, unsigned rate, std::size_t connections)
      : request_("GET " + path + " HTTP/1.1\r\nHost: bench\r\n\r\n"),
        step_(std::chrono::nanoseconds(1'000'000'000 / rate)),
        events_(::epoll_create1(EPOLL_CLOEXEC)),
        connections_(connections) {
    for (auto& connection : connections_) {
      connection.socket = connect_to(port);
      epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
      if (::epoll_ctl(events_, EPOLL_CTL_ADD, connection.socket, &event) != 0) die("epoll_ctl");
      free_.push_back(&connection);
    }
  }

  void run(std::chrono::seconds length) {
    constexpr std::chrono::seconds kPatience{60};
    const auto begin = Clock::now();
    const auto end = begin + length;
    for (auto due = begin; due < end || free_.size() < connections_.size();) {
      const auto now = Clock::now();
      if (now > end + kPatience) die("no answer");
      while (due <= now && due < end && !free_.empty()) {
        send(*free_.front(), due);
        free_.pop_front();
        due += step_;
      }
      // Without a free connection, or after the last request, only an answer is waited for.
      constexpr std::chrono::nanoseconds kLong = std::chrono::milliseconds(10);
      const bool is_due = due < end && !free_.empty();
      wait(is_due ? std::clamp(std::chrono::nanoseconds(due - Clock::now()), std::chrono::nanoseconds(0), kLong)
                  : kLong);
    }
  }

  void print() {
    if (took_us_.empty()) die("no requests");
    std::sort(took_us_.begin(), took_us_.end());
    const auto at = [this](std::size_t percent) { return took_us_[(took_us_.size() - 1) * percent / 100]; };
    std::printf("%zu %zu %.1f %.1f\n", took_us_.size(), failed_, at(50), at(99));
  }

 private:
  void send(Connection& connection, Clock::time_point due) {
    connection.due = due;
    connection.answer.clear();
    if (::send(connection.socket, request_.data(), request_.size(), MSG_NOSIGNAL) < 0) die("send");
  }

  void wait(std::chrono::nanoseconds limit) {
    std::array<epoll_event, 64> ready{};
    const timespec left{.tv_sec = 0, .tv_nsec = limit.count()};
    const int count = ::epoll_pwait2(events_, ready.data(), static_cast<int>(ready.size()), &left, nullptr);
    for (int i = 0; i < count; ++i) receive(*static_cast<Connection*>(ready.at(static_cast<std::size_t>(i)).data.ptr));
  }

  void receive(Connection& connection) {
    std::array<char, 4096> bytes{};
    const auto size = ::recv(connection.socket, bytes.data(), bytes.size(), 0);
    if (size <= 0) die("the server has closed a connection");
    connection.answer.append(bytes.data(), static_cast<std::size_t>(size));
    if (!is_whole(connection.answer)) return;
    if (!connection.answer.starts_with("HTTP/1.1 200")) ++failed_;
    took_us_.push_back(std::chrono::duration<double, std::micro>(Clock::now() - connection.due).count());
    free_.push_back(&connection);
  }

  std::string request_;
  Clock::duration step_;
  int events_;
  std::vector<Connection> connections_;
  std::deque<Connection*> free_;
  std::vector<double> took_us_;
  std::size_t failed_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("usage: bench_paced PORT PATH RATE CONNECTIONS SECONDS\n", stderr);
    return 2;
  }
  // Before whatever else runs on its core; without the right to that, what it waits for a turn counts as the server's.
  const sched_param first{.sched_priority = 1};
  static_cast<void>(::sched_setscheduler(0, SCHED_FIFO, &first));
  Pace pace(static_cast<std::uint16_t>(std::atoi(argv[1])), argv[2], static_cast<unsigned>(std::atoi(argv[3])),
            static_cast<std::size_t>(std::atoi(argv[4])));
  pace.run(std::chrono::seconds(std::atoi(argv[5])));
  pace.print();
}
