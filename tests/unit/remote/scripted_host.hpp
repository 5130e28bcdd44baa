// Something that listens on the loopback and answers HTTP requests as a test has it, one connection to a thread.
#pragma once

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketImpl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace mortise::remote {

/// What it writes for a request, head and body of which it is given; "": it closes the connection without a word.
using Script = std::function<std::string(const std::string& request)>;

inline std::string reply(const std::string& body, const std::string& more_headers = "") {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/mortise-call\r\n" + more_headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

inline std::string failure(const std::string& status_line, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + status_line + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

class ScriptedHost {
 public:
  /// `pause`: between two bytes of what it writes; without one all is written at once.
  explicit ScriptedHost(Script script, std::chrono::milliseconds pause = {})
      : script_(std::move(script)),
        pause_(pause),
        socket_(Poco::Net::SocketAddress("127.0.0.1", 0)),
        acceptor_([this] { accept(); }) {}
  ~ScriptedHost() {
    is_over_ = true;
    acceptor_.join();
    for (auto& thread : threads_) thread.join();
  }
  ScriptedHost(const ScriptedHost&) = delete;
  ScriptedHost& operator=(const ScriptedHost&) = delete;

  [[nodiscard]] std::uint16_t port() const { return socket_.address().port(); }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
  [[nodiscard]] int connections() const { return connections_; }
  /// Bytes that it has written.
  [[nodiscard]] std::size_t written() const { return written_; }
  [[nodiscard]] std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  static constexpr int kLookAgain = 20'000;  // microseconds, whether it is over

  void accept() {
    while (!is_over_) {
      if (!socket_.poll(Poco::Timespan(kLookAgain), Poco::Net::Socket::SELECT_READ)) continue;
      ++connections_;
      // Not Poco's: that counts references in a way that the thread sanitizer does not see.
      threads_.emplace_back([this, client = ::accept4(socket_.impl()->sockfd(), nullptr, nullptr, SOCK_CLOEXEC)] {
        serve(client);
        ::close(client);
      });
    }
  }

  void serve(int client) {
    std::string received;
    for (;;) {
      const auto end = received.find("\r\n\r\n");
      const auto size = end == std::string::npos ? 0 : end + 4 + length_in(received);
      if (end != std::string::npos && received.size() >= size) {
        const auto request = received.substr(0, size);
        received.erase(0, size);
        if (!answer(client, request)) return;
        continue;
      }
      if (is_over_) return;
      pollfd readable{.fd = client, .events = POLLIN, .revents = 0};
      if (::poll(&readable, 1, kLookAgain / 1000) <= 0) continue;
      std::array<char, 4096> piece{};
      const auto count = ::recv(client, piece.data(), piece.size(), 0);
      if (count <= 0) return;
      received.append(piece.data(), static_cast<std::size_t>(count));
    }
  }

  static std::size_t length_in(const std::string& head) {
    const auto at = head.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
  }

  bool answer(int client, const std::string& request) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const auto answer = script_(request);
    if (answer.empty()) return false;
    if (!write(client, answer)) return false;
    return answer.find("Connection: Close") == std::string::npos;
  }

  /// False: the client has gone, or it is over.
  bool write(int client, std::string_view bytes) {
    while (!bytes.empty()) {
      pollfd gone{.fd = client, .events = POLLRDHUP, .revents = 0};
      if (pause_.count() > 0 && ::poll(&gone, 1, static_cast<int>(pause_.count())) > 0) return false;
      const auto count = ::send(client, bytes.data(), pause_.count() > 0 ? 1 : bytes.size(), MSG_NOSIGNAL);
      if (count <= 0 || (is_over_ && pause_.count() > 0)) return false;
      written_ += static_cast<std::size_t>(count);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  const Script script_;
  const std::chrono::milliseconds pause_;
  Poco::Net::ServerSocket socket_;
  std::atomic<bool> is_over_{false};
  std::atomic<int> connections_{0};
  std::atomic<std::size_t> written_{0};
  std::mutex mutex_;
  std::vector<std::string> requests_;  // guarded by mutex_
  std::list<std::thread> threads_;     // the acceptor's, until it has ended
  std::thread acceptor_;
};

}  // namespace mortise::remote
