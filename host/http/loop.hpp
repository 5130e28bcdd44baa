// One event loop: an io_context, the thread that runs it, the spare threads that help out, and its connections.
// Invariant: whatever a loop shares may be used by two of its threads at once; only a connection's own steps never
// overlap.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/paged_vector.hpp"
#include "http/canary_draw.hpp"
#include "http/connection_list.hpp"
#include "http/deadlines.hpp"
#include "http/poller.hpp"
#include "http/router.hpp"
#include "http/seat.hpp"
#include "http/workspace.hpp"

namespace mortise::http {

struct Shared;

/// A loop's own holds on the table and on each of its cones: counting them touches no cache line of another loop. What
/// a table shares with the one of the loop's former pin, the pin shares with that; null: there is none.
struct Pin {
  Pin(std::shared_ptr<const RouteTable> of_table, const Pin* former);
  Pin(std::shared_ptr<const RouteTable> of_table, std::shared_ptr<const RouteTable> of_canary, const CanaryDraw& by,
      const Pin* former);
  /// The cone of a generation, or null when it is in neither table.
  [[nodiscard]] runtime::ConePtr cone_of(const runtime::Generation& generation) const;

  std::shared_ptr<const RouteTable> table;
  base::PagedVector<runtime::ConePtr> cones;  // as the table's
  std::shared_ptr<const Pin> canary{};        // of the release that gets those that `draw` takes; null: there is none
  std::optional<CanaryDraw> draw{};
};

class Loop {
 public:
  Loop(unsigned index, Shared& shared);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  boost::asio::io_context& io() noexcept { return io_; }
  Poller& poller() noexcept { return poller_; }
  /// Has a thread of the loop run `step`, soon. Any thread.
  template <class Step>
  void post(Step&& step) {
    poller_.post(std::forward<Step>(step));
  }
  /// After something was posted to the io_context past post(): has it run soon as well.
  void nudge() { poller_.nudge(); }
  /// As post(), on a strand of the loop's io_context.
  template <class Strand, class Step>
  void post_on(const Strand& strand, Step&& step) {
    poller_.post_on(strand, std::forward<Step>(step));
  }
  ConnectionList& connections() noexcept { return connections_; }
  WorkspacePool& workspaces() noexcept { return workspaces_; }
  Deadlines& deadlines() noexcept { return deadlines_; }

  /// Starts the loop's own thread; `keep_alive` is held by every thread of the loop.
  void start(std::shared_ptr<void> keep_alive);
  /// Ends the loop; threads still inside a handler after `patience` are left behind. Returns their number.
  std::size_t stop(std::chrono::milliseconds patience);

  /// After stop() nobody runs the loop: whoever posts from outside sees to what is ready.
  void help_when_ended();

  /// Coarse clocks, up to one tick old. Any thread.
  [[nodiscard]] std::int64_t now_ms() const noexcept { return now_ms_.load(std::memory_order_relaxed); }
  /// The Date header's value; valid until the thread's next call.
  [[nodiscard]] std::string_view date() const;

  /// The table that is current, or null before the first. Any thread.
  [[nodiscard]] std::shared_ptr<const Pin> pin() const;
  /// While the lock is held nobody gets a pin; swap_pin() needs it and returns the former one.
  [[nodiscard]] std::unique_lock<std::mutex> lock_pin() const { return std::unique_lock(pin_mutex_); }
  std::shared_ptr<const Pin> swap_pin(std::shared_ptr<const Pin> pin) { return std::exchange(pin_, std::move(pin)); }

  /// Makes `id` one for a request that brought none, in the memory that it has.
  void make_request_id(std::string& id);

  // For the watch (SpareThreads).
  /// Calls `is_free` for each seat; returns how many are.
  std::size_t look_at_seats(const std::function<bool(Seat&)>& is_free);
  /// The time of the request that a seat's thread is inside is up, if it is that request still.
  void expire(const Connection* connection, Deadlines::Time now);
  /// Sees to those in the list of deadlines.
  void expire_listed(Deadlines::Time now);
  [[nodiscard]] std::size_t spare_count() const noexcept { return spares_.load(std::memory_order_relaxed); }
  void add_spare();
  void set_surplus(bool has_surplus) noexcept { has_surplus_.store(has_surplus, std::memory_order_relaxed); }

 private:
  void run_own();
  void run_spare(Seat& seat);
  Seat& add_seat();
  void give_back(Seat& seat);
  void wind_up();
  void tick();

  Shared& shared_;
  const std::string id_prefix_;  // of generated request ids: no other loop of any process has it
  boost::asio::io_context io_;
  boost::asio::steady_timer tick_timer_;
  Poller poller_{io_};
  ConnectionList connections_;
  WorkspacePool workspaces_;
  Deadlines deadlines_;
  std::shared_ptr<void> keep_alive_;

  // Written by the tick, read by anybody as a hint; relaxed.
  std::atomic<std::int64_t> now_ms_{0};
  std::atomic<std::int64_t> wall_s_{0};
  std::atomic<std::uint64_t> request_number_{0};

  mutable std::mutex pin_mutex_;
  std::shared_ptr<const Pin> pin_;  // guarded by pin_mutex_

  std::mutex seats_mutex_;
  std::condition_variable seats_changed_;
  std::list<Seat> seats_;        // guarded by seats_mutex_; a seat stays where it is while its thread sits on it
  bool is_left_behind_ = false;  // guarded by seats_mutex_: stop() did not wait for the last thread
  // Set before the last poll, read after a post: in any order one of the two polls after the post. Sequentially
  // consistent therefore.
  std::atomic<bool> is_ended_{false};
  // Counts and hints between the watch and the spares; nothing else hangs on them: relaxed.
  std::atomic<std::size_t> spares_{0};
  std::atomic<bool> has_surplus_{false};
};

}  // namespace mortise::http
