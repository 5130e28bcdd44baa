// The plain sockets of one loop. Asio would ask each socket for more as soon as it was read, which costs a system call
// for every request; here a socket is read when the kernel has said that something is there, and all of a loop's
// sockets are asked about in one call. The poller is itself one descriptor in the loop's io_context: when that becomes
// readable, a thread of the loop takes a turn, which lasts as long as there is more to do, but never long.
// Invariant: whenever no thread is in a turn, or other threads help in the loop, the io_context waits for the poller.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/ready_set.hpp"
#include "http/polled_socket.hpp"

namespace mortise::http {

/// Part of its loop; outlives every socket in it. Any thread of the loop; what says so, any thread.
class Poller {
 public:
  explicit Poller(boost::asio::io_context& io);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Begins; before the loop's threads run.
  void start() { arm(); }

  /// Takes the socket over; null when the system has no room for it.
  PolledSocket* add(base::Descriptor socket);
  /// Closes the socket; the place is used again.
  void remove(PolledSocket& socket);

  /// Ends a turn that waits for more when this descriptor, which the io_context serves, has something to read. Without
  /// it that has to wait until the turn is over, a millisecond or two.
  void give_way_to(int descriptor) { set_.add_waker(descriptor); }

  /// One more thread of the loop, or one less: with several of them the io_context is told of what becomes ready while
  /// one is in a turn.
  void add_helper() noexcept { helpers_.fetch_add(1, std::memory_order_seq_cst); }
  void remove_helper() noexcept { helpers_.fetch_sub(1, std::memory_order_seq_cst); }
  /// For a helper, at first: serves what the others have not come to.
  void help();

  /// Has `step` run by the io_context; a turn that is under way ends for it. Any thread.
  template <class Step>
  void post(Step&& step) {
    post_on(io_.get_executor(), std::forward<Step>(step));
  }
  /// The same, through an executor of the io_context.
  template <class Executor, class Step>
  void post_on(const Executor& executor, Step&& step) {
    boost::asio::post(executor, std::forward<Step>(step));
    nudge();
  }
  /// Ends a turn that is under way: the io_context has something to run. Any thread.
  void nudge();

 private:
  void arm();
  void turn();
  void serve();
  bool collect(std::chrono::milliseconds patience);
  std::optional<base::ReadySet::Event> next(bool& has_more);
  void share();

  boost::asio::io_context& io_;
  base::ReadySet set_;
  boost::asio::posix::stream_descriptor watched_;  // set_'s own descriptor
  std::atomic<bool> is_armed_{false};

  // A helper is counted before it arms and serves; a turn looks for helpers before it asks the set, and again before it
  // serves what was told: one of the two arms, and what is left is shared or found. Hence sequentially consistent, like
  // the pair below.
  std::atomic<int> helpers_{0};
  std::atomic<bool> is_shared_{false};  // the io_context has a look at ready_ to do
  // A post sets the mark and then looks for waiters, a waiter counts itself and then looks for the mark: no post is
  // slept through.
  std::atomic<bool> is_nudged_{false};
  std::atomic<int> waiters_{0};

  std::mutex mutex_;
  // Guarded by mutex_: what was told and not served yet; any thread serves it, since the one that was told may be held
  // by a handler.
  std::vector<base::ReadySet::Event> ready_;
  std::size_t next_ = 0;
  std::deque<PolledSocket> sockets_;  // never shrinks: an event that comes late finds its place still there
  std::vector<PolledSocket*> free_;
};

}  // namespace mortise::http
