#include "remote/call_socket.hpp"

#include <Poco/Exception.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "runtime/scope.hpp"

namespace mortise::remote {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// What a host may take between two pieces of a request or an answer, where the call has no deadline.
constexpr std::chrono::seconds kLongestPause{60};

}  // namespace

CallSocket::Carrying::Carrying(CallSocket& socket, const Call& call) : socket_(socket) {
  socket.call_ = &call;
  socket.has_answered_ = false;
  socket.has_ended_ = false;
}

int CallSocket::sendBytes(const void* buffer, int length, int flags) {
  const auto* const bytes = static_cast<const char*>(buffer);
  int sent = 0;
  while (sent < length) {
    const auto count =
        ::send(sockfd(), bytes + sent, static_cast<std::size_t>(length - sent), flags | MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      sent += static_cast<int>(count);
    } else if (errno == EAGAIN) {
      wait(POLLOUT, kLongestPause);
    } else if (errno != EINTR) {
      error(errno);
    }
  }
  return sent;
}

int CallSocket::receiveBytes(void* buffer, int length, int flags) {
  wait(POLLIN, has_answered_ ? std::optional(kLongestPause) : std::nullopt);
  has_answered_ = true;
  const auto count = StreamSocketImpl::receiveBytes(buffer, length, flags);
  has_ended_ = count == 0;
  return count;
}

/// Looks up now and then, as whoever notes that the client has gone knows nothing of who waits, and need not.
void CallSocket::wait(short events, std::optional<std::chrono::seconds> most) const {
  const auto pause_end = most ? Clock::now() + *most : Clock::time_point::max();
  for (;;) {
    if (call_ == nullptr || call_->is_unheard()) throw Poco::TimeoutException();
    const auto now = Clock::now();
    if (now >= call_->deadline) throw Poco::TimeoutException();
    if (now >= pause_end) throw Poco::TimeoutException("it has gone silent within the call");
    const auto left = std::chrono::ceil<milliseconds>(std::min(call_->deadline, pause_end) - now);
    pollfd ready{.fd = sockfd(), .events = events, .revents = 0};
    const auto count = ::poll(&ready, 1, static_cast<int>(std::min(left, runtime::Scope::kLook).count()));
    if (count > 0) return;
    if (count < 0 && errno != EINTR) error(errno);
  }
}

}  // namespace mortise::remote
