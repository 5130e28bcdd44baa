// An exchange that another protocol takes over when its handler, which runs in another process, has accepted that: the
// exchange is deferred by then, so that all of it happens under the mutex, and the connection's loop does the rest.
#include "http/connection.hpp"
#include "http/exchange.hpp"

namespace mortise::http {

void Exchange::expect_successor() {
  const std::lock_guard lock(mutex_);
  is_successor_expected_ = true;
}

/// A client that has gone is the successor's to find out, as it is where the handler runs here.
bool Exchange::claim_deferred(bool is_for_successor) {
  if (!is_shared()) return false;
  std::unique_lock lock(mutex_);
  if (!is_deferred_ || is_streaming_body_ || progress_ != Progress::fresh || is_expired()) return false;
  if (is_for_successor && !is_successor_expected_) return false;
  progress_ = Progress::ended;
  is_claimed_ = true;
  close_callback_ = nullptr;
  changed_.wait(lock, [this] { return close_thread_ == std::thread::id(); });
  return true;
}

void Exchange::refuse_deferred(unsigned status, std::string_view detail, std::string_view headers) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_unheard()) {
      const auto before = pending_.size();
      write_problem(pending_, dated(), status, detail, headers);
      note(status, pending_.size() - before);
    }
  }
  give_back_claim();
}

void Exchange::take_over_deferred(std::unique_ptr<Successor> successor) {
  const std::lock_guard lock(mutex_);
  note(101, 0);
  successor_ = std::move(successor);
}

void Exchange::start_successor() { give_back_claim(); }

void Exchange::give_back_claim() {
  const ConnectionPtr hold(&connection_);
  {
    const std::lock_guard lock(mutex_);
    is_claimed_ = false;
    schedule_flush();  // which completes the exchange
  }
  hold->help_ended_loop();
}

}  // namespace mortise::http
