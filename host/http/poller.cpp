#include "http/poller.hpp"

#include <array>
#include <chrono>
#include <span>

namespace mortise::http {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// How long a turn goes on while there is more, and how long it waits for more: the io_context and what it serves
// itself (timers, new connections, TLS) wait so long at most.
constexpr std::chrono::milliseconds kTurn{1};
constexpr std::chrono::milliseconds kLinger{1};

}  // namespace

Poller::Poller(boost::asio::io_context& io) : io_(io), watched_(io, set_.descriptor()) {
  ready_.reserve(base::ReadySet::kMaxEvents);
}

Poller::~Poller() { watched_.release(); }

PolledSocket* Poller::add(base::Descriptor socket) {
  PolledSocket* place = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) {
      place = &sockets_.emplace_back(*this);
    } else {
      place = free_.back();
      free_.pop_back();
    }
  }
  const int descriptor = socket.get();
  place->open(std::move(socket));
  if (set_.add(descriptor, place)) return place;
  remove(*place);
  return nullptr;
}

void Poller::remove(PolledSocket& socket) {
  socket.close();
  const std::lock_guard lock(mutex_);
  free_.push_back(&socket);
}

void Poller::arm() {
  if (is_armed_.exchange(true, std::memory_order_seq_cst)) return;
  watched_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& ec) {
    is_armed_.store(false, std::memory_order_seq_cst);
    if (!ec) turn();
  });
}

void Poller::help() {
  arm();
  serve();
}

void Poller::turn() {
  const auto end = Clock::now() + kTurn;
  if (helpers_.load(std::memory_order_seq_cst) > 0) arm();
  collect(0ms);
  do {
    serve();
  } while (!is_nudged_.exchange(false, std::memory_order_seq_cst) && Clock::now() < end && collect(kLinger));
  arm();
}

/// True when something was told.
bool Poller::collect(std::chrono::milliseconds patience) {
  std::array<base::ReadySet::Event, base::ReadySet::kMaxEvents> told;
  waiters_.fetch_add(1, std::memory_order_seq_cst);
  const auto [count, is_woken] = set_.wait(told, is_nudged_.load(std::memory_order_seq_cst) ? 0ms : patience);
  waiters_.fetch_sub(1, std::memory_order_seq_cst);
  if (is_woken) is_nudged_.store(true, std::memory_order_seq_cst);
  if (count == 0) return false;
  const std::lock_guard lock(mutex_);
  ready_.insert(ready_.end(), told.begin(), told.begin() + static_cast<std::ptrdiff_t>(count));
  return true;
}

void Poller::serve() {
  bool has_more = false;
  while (const auto event = next(has_more)) {
    // A helper that waits in the io_context knows nothing of what is left here when this event holds its thread.
    if (has_more && helpers_.load(std::memory_order_seq_cst) > 0) share();
    static_cast<PolledSocket*>(event->token)->on_event(*event);
  }
}

std::optional<base::ReadySet::Event> Poller::next(bool& has_more) {
  const std::lock_guard lock(mutex_);
  if (next_ < ready_.size()) {
    const auto event = ready_[next_++];
    has_more = next_ < ready_.size();
    return event;
  }
  ready_.clear();
  next_ = 0;
  return std::nullopt;
}

void Poller::share() {
  if (is_shared_.exchange(true, std::memory_order_seq_cst)) return;
  boost::asio::post(io_, [this] {
    is_shared_.store(false, std::memory_order_seq_cst);
    serve();
  });
}

void Poller::nudge() {
  is_nudged_.store(true, std::memory_order_seq_cst);
  if (waiters_.load(std::memory_order_seq_cst) > 0) set_.wake();
}

}  // namespace mortise::http
