#include "takeover/channel.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace mortise::takeover {
namespace {

using nlohmann::json;

int milliseconds_until(Channel::Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Channel::Clock::now()).count();
  constexpr long long kMost = 3'600'000;  // a later deadline is waited for in several steps
  return static_cast<int>(std::clamp<long long>(left, 0, kMost));
}

}  // namespace

base::Result<std::pair<Channel, base::Descriptor>> Channel::make() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return base::Error{base::ErrorCode::resource_exhausted,
                       std::string("cannot make a socket pair: ") + std::strerror(errno)};
  }
  return std::pair(Channel(base::Descriptor(ends[0])), base::Descriptor(ends[1]));
}

void Channel::send(const char* what, json rest) {
  rest["say"] = what;
  // A plugin's message may hold any bytes; what is not UTF-8 is replaced.
  const auto text = rest.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  for (std::size_t sent = 0; sent < text.size();) {
    const auto size = ::send(end_.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return;
    sent += static_cast<std::size_t>(size);
  }
}

Channel::Received Channel::receive(Clock::time_point deadline, int interrupt) {
  for (;;) {
    if (const auto end = pending_.find('\n'); end != std::string::npos) {
      auto line = json::parse(pending_.substr(0, end), nullptr, false);
      pending_.erase(0, end + 1);
      return {.line = line.is_object() ? std::move(line) : json::object()};
    }
    std::array<pollfd, 2> wait{pollfd{.fd = end_.get(), .events = POLLIN, .revents = 0},
                               pollfd{.fd = interrupt, .events = POLLIN, .revents = 0}};
    const int count = ::poll(wait.data(), wait.size(), milliseconds_until(deadline));
    if (count < 0 && errno == EINTR) continue;
    if (wait[1].revents != 0) return {.line = {}, .why = Ending::interrupted};
    if (count == 0 && Clock::now() >= deadline) return {.line = {}, .why = Ending::timed_out};
    if (count == 0) continue;
    std::array<char, 4096> piece;
    const auto size = ::recv(end_.get(), piece.data(), piece.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return {.line = {}, .why = Ending::ended};
    pending_.append(piece.data(), static_cast<std::size_t>(size));
  }
}

std::string said_in(const json& line) {
  const auto say = line.find("say");
  return say != line.end() && say->is_string() ? say->get<std::string>() : std::string();
}

}  // namespace mortise::takeover
