#include "base/ready_set.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace mortise::base {
namespace {

Descriptor or_throw(int descriptor, const char* what) {
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), what);
  return Descriptor(descriptor);
}

bool watch(int set, int descriptor, void* token, std::uint32_t events) {
  epoll_event event{};
  event.events = events | EPOLLET;
  event.data.ptr = token;
  return ::epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

}  // namespace

ReadySet::ReadySet()
    : set_(or_throw(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      waker_(or_throw(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  if (!add_waker(waker_.get())) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

bool ReadySet::add(int descriptor, void* token) {
  return watch(set_.get(), descriptor, token, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
}

bool ReadySet::add_waker(int descriptor) { return watch(set_.get(), descriptor, nullptr, EPOLLIN); }

ReadySet::Told ReadySet::wait(std::span<Event> events, std::chrono::milliseconds patience) {
  std::array<epoll_event, kMaxEvents> found;  // NOLINT(cppcoreguidelines-pro-type-member-init): the kernel fills it
  const auto room = static_cast<int>(std::min(events.size(), found.size()));
  const int count = ::epoll_wait(set_.get(), found.data(), room, static_cast<int>(patience.count()));
  Told told;
  for (std::size_t i = 0; static_cast<int>(i) < count; ++i) {
    const auto& event = found[i];
    if (event.data.ptr == nullptr) {
      told.is_woken = true;
      continue;
    }
    constexpr std::uint32_t kBroken = EPOLLERR | EPOLLHUP;
    events[told.count++] = {.token = event.data.ptr,
                            .is_readable = (event.events & (EPOLLIN | EPOLLRDHUP | kBroken)) != 0,
                            .is_writable = (event.events & (EPOLLOUT | kBroken)) != 0,
                            .is_ended = (event.events & (EPOLLRDHUP | kBroken)) != 0};
  }
  return told;
}

void ReadySet::wake() {
  // Each write is an event of its own: the counter is never read, and 2^64 of them do not happen.
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(waker_.get(), &one, sizeof one);
}

}  // namespace mortise::base
