#include "http/loop.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <utility>

#include "base/give_way.hpp"
#include "http/connection.hpp"
#include "http/shared.hpp"
#include "telemetry/crash_handler.hpp"

namespace mortise::http {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kTick{250};
// How long a spare thread waits in the loop before it looks whether it is still needed.
constexpr std::chrono::milliseconds kSpareStint{20};

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Pin::Pin(std::shared_ptr<const RouteTable> of_table, const Pin* former) : table(std::move(of_table)) {
  using Page = base::PagedVector<runtime::ConePtr>::Page;
  const auto& pages = table->cones().pages();
  static const std::vector<base::PagedVector<runtime::ConePtr>::PagePtr> kNone;
  const auto& former_pages = former == nullptr ? kNone : former->table->cones().pages();
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const auto& page = *pages[i];
    const auto* before = i < former_pages.size() ? former_pages[i].get() : nullptr;
    if (before == &page) {
      cones.add_page(former->cones.pages()[i]);
      continue;
    }
    Page own;
    own.reserve(page.size());
    for (std::size_t place = 0; place < page.size(); ++place) {
      const auto& cone = page[place];
      if (!cone) {
        own.emplace_back();
      } else if (before != nullptr && place < before->size() && (*before)[place] == cone) {
        own.push_back((*former->cones.pages()[i])[place]);
      } else {
        // The same cone under a count of its own.
        const auto counted = std::make_shared<const runtime::ConePtr>(cone);
        own.emplace_back(counted, cone.get());
      }
    }
    cones.add_page(std::make_shared<const Page>(std::move(own)));
  }
}

Pin::Pin(std::shared_ptr<const RouteTable> of_table, std::shared_ptr<const RouteTable> of_canary, const CanaryDraw& by,
         const Pin* former)
    : Pin(std::move(of_table), former) {
  canary = std::make_shared<const Pin>(std::move(of_canary), this);
  draw = by;
}

runtime::ConePtr Pin::cone_of(const runtime::Generation& generation) const {
  if (const auto source = table->source_of(generation)) return cones[*source];
  return canary ? canary->cone_of(generation) : nullptr;
}

// Two threads at most times touch one loop's queue, and a handler's posts must be seen by a spare thread while the
// handler goes on: hence no hint of a single thread.
Loop::Loop(unsigned index, Shared& shared)
    : shared_(shared), id_prefix_(shared.id_prefix + std::to_string(index) + '-'), io_(2), tick_timer_(io_) {
  now_ms_.store(steady_ms(), std::memory_order_relaxed);
  wall_s_.store(std::time(nullptr), std::memory_order_relaxed);
}

Loop::~Loop() = default;

void Loop::start(std::shared_ptr<void> keep_alive) {
  keep_alive_ = std::move(keep_alive);
  tick();
  poller_.start();
  std::thread([this, hold = keep_alive_] { run_own(); }).detach();
}

void Loop::run_own() {
  const telemetry::CrashStack stack;
  base::ask_for_short_turns();
  auto& seat = add_seat();
  Seat::sit(&seat);
  io_.run();
  give_back(seat);
}

void Loop::run_spare(Seat& seat) {
  const telemetry::CrashStack stack;
  base::ask_for_short_turns();
  Seat::sit(&seat);
  poller_.help();
  while (!io_.stopped()) {
    io_.run_one_for(kSpareStint);
    if (has_surplus_.exchange(false, std::memory_order_relaxed)) break;
  }
  poller_.remove_helper();
  spares_.fetch_sub(1, std::memory_order_relaxed);
  give_back(seat);
}

void Loop::add_spare() {
  spares_.fetch_add(1, std::memory_order_relaxed);
  poller_.add_helper();
  // Here and not on its thread: until that runs, on a busy machine, the watch would add one after the other.
  auto& seat = add_seat();
  std::thread([this, &seat, hold = keep_alive_] { run_spare(seat); }).detach();
}

Seat& Loop::add_seat() {
  const std::lock_guard lock(seats_mutex_);
  return seats_.emplace_back(shared_.watch);
}

void Loop::give_back(Seat& seat) {
  // What it keeps for the thread goes while the process waits for that: the thread's own end may come after.
  ::OPENSSL_thread_stop();
  std::unique_lock lock(seats_mutex_);
  Seat::sit(nullptr);
  seats_.remove_if([&](const Seat& other) { return &other == &seat; });
  seats_changed_.notify_all();
  const bool is_last = is_left_behind_ && seats_.empty();
  lock.unlock();
  if (is_last) wind_up();
}

std::size_t Loop::look_at_seats(const std::function<bool(Seat&)>& is_free) {
  const std::lock_guard lock(seats_mutex_);
  std::size_t free = 0;
  for (auto& seat : seats_) free += is_free(seat) ? 1 : 0;
  // Before its thread has sat down a loop is not blocked.
  return seats_.empty() ? 1 : free;
}

void Loop::expire(const Connection* connection, Deadlines::Time now) {
  connections_.visit(connection, [now](Connection& late) { late.expire(now); });
}

void Loop::expire_listed(Deadlines::Time now) {
  if (deadlines_.earliest() > now) return;
  deadlines_.take_due(
      now, [this](Connection& late) { post([connection = ConnectionPtr(&late)] { connection->on_deadline(); }); });
}

std::size_t Loop::stop(std::chrono::milliseconds patience) {
  io_.stop();
  std::unique_lock lock(seats_mutex_);
  is_left_behind_ = !seats_changed_.wait_for(lock, patience, [this] { return seats_.empty(); });
  if (is_left_behind_) return seats_.size();
  lock.unlock();
  wind_up();
  return 0;
}

/// Once no thread runs the loop: what is ready in it may hold the last references to the server's parts, so it gets its
/// end. Nothing of a plugin is called: there is no route table any more.
void Loop::wind_up() {
  is_ended_ = true;
  help_when_ended();
  keep_alive_.reset();
}

void Loop::help_when_ended() {
  if (!is_ended_) return;
  io_.restart();
  io_.poll();
}

void Loop::tick() {
  const auto now = steady_ms();
  now_ms_.store(now, std::memory_order_relaxed);
  wall_s_.store(std::time(nullptr), std::memory_order_relaxed);
  connections_.for_each([now](Connection& connection) { connection.sweep(now); });
  tick_timer_.expires_after(kTick);
  tick_timer_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) tick();
  });
}

std::string_view Loop::date() const {
  thread_local std::int64_t second = -1;
  thread_local std::array<char, 32> text{};
  const auto now = wall_s_.load(std::memory_order_relaxed);
  if (now != second) {
    const std::time_t time = now;
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    second = now;
  }
  return text.data();
}

void Loop::make_request_id(std::string& id) {
  std::array<char, 20> digits{};
  const auto number = request_number_.fetch_add(1, std::memory_order_relaxed);
  auto* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  id.assign(id_prefix_).append(digits.data(), end);
}

std::shared_ptr<const Pin> Loop::pin() const {
  const std::lock_guard lock(pin_mutex_);
  return pin_;
}

}  // namespace mortise::http
