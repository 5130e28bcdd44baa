#include "isolation/talk.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace mortise::isolation {
namespace {

using nlohmann::json;

/// Before each message.
struct Sizes {
  std::uint32_t head;
  std::uint32_t bytes;
};

using Time = std::chrono::steady_clock::time_point;

// No message of ours goes deeper than a few, and what walks through a value must not run out of stack.
constexpr unsigned kMostLevels = 64;

/// False: it is too late for that.
bool wait_for_room(int end, Time deadline) {
  pollfd wait{.fd = end, .events = POLLOUT, .revents = 0};
  if (deadline == Time::max()) return ::poll(&wait, 1, -1) >= 0 || errno == EINTR;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  if (left <= 0) return false;
  constexpr long long kMost = 3'600'000;  // a later time is waited for in several steps
  return ::poll(&wait, 1, static_cast<int>(std::min<long long>(left, kMost))) >= 0 || errno == EINTR;
}

bool send_bytes(int end, std::string_view bytes, Time deadline) {
  while (!bytes.empty()) {
    const auto size = ::send(end, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (!wait_for_room(end, deadline)) return false;
      continue;
    }
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

/// Looks at brackets outside of strings alone: whether it is JSON at all is the parser's to say.
bool is_too_deep(std::string_view text) {
  unsigned levels = 0;
  bool is_in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      is_in_string = !is_in_string;
    } else if (is_in_string) {
      if (c == '\\') ++i;
    } else if (c == '[' || c == '{') {
      if (++levels > kMostLevels) return true;
    } else if ((c == ']' || c == '}') && levels > 0) {
      --levels;
    }
  }
  return false;
}

}  // namespace

std::string text_in(const json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t Message::number(const char* key) const {
  const auto found = head.find(key);
  return found != head.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

base::Result<std::pair<base::Descriptor, base::Descriptor>> Talk::make() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return base::Error{base::ErrorCode::resource_exhausted,
                       std::string("cannot make a socket pair: ") + std::strerror(errno)};
  }
  return std::pair(base::Descriptor(ends[0]), base::Descriptor(ends[1]));
}

bool Talk::send(const json& head, std::string_view bytes) {
  // A plugin's message may hold any bytes; what is not UTF-8 is replaced.
  const auto text = head.dump(-1, ' ', false, json::error_handler_t::replace);
  const Sizes sizes{.head = static_cast<std::uint32_t>(text.size()), .bytes = static_cast<std::uint32_t>(bytes.size())};
  std::string whole(sizeof sizes, '\0');
  std::memcpy(whole.data(), &sizes, sizeof sizes);
  whole += text;
  whole += bytes;
  return send_bytes(end_.get(), whole, sending_limit_);
}

bool Talk::send_all(const json& head, std::string_view bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kMostBytes))) {
    if (!send({{"say", say::kPiece}}, bytes.substr(0, kMostBytes))) return false;
  }
  return send(head);
}

Talk::Received Talk::cut(Message& message) {
  Sizes sizes{};
  if (pending_.size() < sizeof sizes) return Received::nothing;
  std::memcpy(&sizes, pending_.data(), sizeof sizes);
  if (sizes.head > most_head_ || sizes.bytes > kMostBytes) return Received::garbage;
  const auto whole = sizeof sizes + sizes.head + sizes.bytes;
  if (pending_.size() < whole) return Received::nothing;
  const auto head = std::string_view(pending_).substr(sizeof sizes, sizes.head);
  if (is_too_deep(head)) return Received::garbage;
  message.head = json::parse(head, nullptr, false);
  message.bytes = pending_.substr(sizeof sizes + sizes.head, sizes.bytes);
  pending_.erase(0, whole);
  return message.head.is_object() ? Received::message : Received::garbage;
}

Talk::Received Talk::receive(Message& message) {
  for (;;) {
    if (const auto found = cut(message); found != Received::nothing) return found;
    std::array<char, 65536> piece;
    const auto size = ::recv(end_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Received::nothing;
    if (size <= 0) return Received::ended;
    pending_.append(piece.data(), static_cast<std::size_t>(size));
  }
}

bool Talk::wait(Message& message) {
  for (;;) {
    if (const auto found = cut(message); found != Received::nothing) return found == Received::message;
    std::array<char, 65536> piece;
    const auto size = ::recv(end_.get(), piece.data(), piece.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    pending_.append(piece.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace mortise::isolation
