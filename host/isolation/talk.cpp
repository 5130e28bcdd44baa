#include "isolation/talk.hpp"

#include <sys/socket.h>
#include <sys/time.h>
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

// A message's head may hold a plugin's config, or a line of its log.
constexpr std::uint32_t kMostHead = 16U << 20U;

bool send_bytes(int end, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = ::send(end, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace

std::string Message::text(const char* key) const {
  const auto found = head.find(key);
  return found != head.end() && found->is_string() ? found->get<std::string>() : std::string();
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

void Talk::limit_sending(std::chrono::milliseconds limit) {
  const timeval time{.tv_sec = limit.count() / 1000, .tv_usec = limit.count() % 1000 * 1000};
  ::setsockopt(end_.get(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

bool Talk::send(const json& head, std::string_view bytes) {
  // A plugin's message may hold any bytes; what is not UTF-8 is replaced.
  const auto text = head.dump(-1, ' ', false, json::error_handler_t::replace);
  const Sizes sizes{.head = static_cast<std::uint32_t>(text.size()), .bytes = static_cast<std::uint32_t>(bytes.size())};
  std::string whole(sizeof sizes, '\0');
  std::memcpy(whole.data(), &sizes, sizeof sizes);
  whole += text;
  whole += bytes;
  return send_bytes(end_.get(), whole);
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
  if (sizes.head > kMostHead || sizes.bytes > kMostBytes) return Received::garbage;
  const auto whole = sizeof sizes + sizes.head + sizes.bytes;
  if (pending_.size() < whole) return Received::nothing;
  message.head =
      json::parse(pending_.begin() + sizeof sizes, pending_.begin() + sizeof sizes + sizes.head, nullptr, false);
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
