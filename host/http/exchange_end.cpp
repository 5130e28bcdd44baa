// How an exchange ends: what its handler left undone, what is still to be sent, and the client that goes.
#include <utility>

#include "http/connection.hpp"
#include "http/exchange.hpp"
#include "telemetry/log.hpp"

namespace mortise::http {

/// The handler did not answer: says so to the client, and to the log where the plugin is at fault.
void Exchange::settle_unanswered(mortise_status status, std::string_view message, std::string& out) {
  if (status == MORTISE_OK) {
    status = MORTISE_INTERNAL;
    message = "the handler returned without an answer";
  }
  const auto http_status = to_http_status(status);
  if (http_status == 500) {
    telemetry::log(telemetry::Level::error, "http", "handler failed",
                   {{"route", connection_.route_text()}, {"reason", message.empty() ? "no message given" : message}});
    message = "the plugin that serves this failed; the host's log has the reason under this request id";
  }
  const auto before = out.size();
  write_problem(out, dated(), http_status, message);
  note(http_status, out.size() - before);
}

/// The answer is out, or in other hands: what went wrong afterwards can only be said to the log.
void Exchange::log_late_failure(mortise_status status, std::string_view message) const {
  if (status == MORTISE_OK || to_http_status(status) != 500) return;
  telemetry::log(telemetry::Level::error, "http", "handler failed after it had answered or deferred",
                 {{"route", connection_.route_text()}, {"reason", message.empty() ? "no message given" : message}});
}

bool Exchange::settle(mortise_status status, std::string_view message) {
  if (!is_shared() && take_back()) {
    if (progress_ != Progress::fresh) {
      log_late_failure(status, message);
      return true;
    }
    settle_unanswered(status, message, connection_.out());
    progress_ = Progress::ended;
    return true;
  }
  std::unique_lock lock(mutex_);
  is_handler_running_ = false;
  if (progress_ == Progress::ended || is_deferred_) {
    log_late_failure(status, message);
  } else if (is_expired()) {
    log_late_failure(status, message);
    end_locked(lock);
  } else {
    if (progress_ == Progress::fresh && !is_gone_) {
      settle_unanswered(status, message, pending_);
    } else if (progress_ == Progress::streaming && !is_gone_) {
      telemetry::log(telemetry::Level::error, "http", "handler left a streamed answer unfinished",
                     {{"route", connection_.route_text()}, {"reason", message}});
      connection_.shut_down();
      context_.keep_alive = false;
    }
    end_locked(lock);
  }
  return complete_locked();
}

/// True, once, when nothing is left to do. Under the mutex.
bool Exchange::complete_locked() {
  const bool is_sent = is_gone_ || (!is_writing_ && !is_flush_posted_ && pending_.empty());
  // A close callback that runs is code of the plugin, which must stay mapped.
  const bool is_inside = is_handler_running_ || is_claimed_ || close_thread_ != std::thread::id();
  if (!is_open_ || progress_ != Progress::ended || is_inside || is_writing_ || !is_sent) return false;
  is_open_ = false;
  empty(pending_);
  empty(sending_);
  unsent_charge_.set(0);
  return true;
}

void Exchange::flush() {
  {
    const std::lock_guard lock(mutex_);
    is_flush_posted_ = false;
    if (is_open_ && !is_writing_ && !is_gone_ && !pending_.empty()) {
      sending_.swap(pending_);
      pending_.clear();
      is_writing_ = true;
      connection_.write_shared(sending_);
      return;
    }
    if (!complete_locked()) return;
  }
  connection_.resume();
}

void Exchange::on_written(bool is_ok) {
  std::function<void()> tell;
  bool is_complete = false;
  {
    const std::lock_guard lock(mutex_);
    is_writing_ = false;
    count_unsent();
    if (!is_ok) tell = on_gone();
    if (!is_gone_ && !pending_.empty()) schedule_flush();
    is_complete = complete_locked();
    // The client has had the timeout's answer; that the handler runs on is none of its business.
    if (is_expired() && is_ok && !is_complete && pending_.empty()) connection_.end_early();
    changed_.notify_all();
  }
  if (tell) tell();
  if (is_complete) connection_.resume();
}

std::function<void()> Exchange::on_gone() {
  if (is_gone_) return {};
  is_gone_ = true;
  note_client_gone();
  changed_.notify_all();
  return take_close_callback();
}

/// Under the mutex: what tells the plugin, once, that nobody waits for its answer any more; empty when it did not ask.
std::function<void()> Exchange::take_close_callback() {
  if (close_callback_ == nullptr || progress_ == Progress::ended) return {};
  const auto callback = std::exchange(close_callback_, nullptr);
  close_thread_ = std::this_thread::get_id();
  return [this, callback, self = close_self_] {
    try {
      callback(self);
    } catch (...) {
      // No exception may cross the ABI; this one's plugin still has to end the exchange.
      telemetry::log(telemetry::Level::error, "http", "the callback of on_close let an exception out",
                     {{"route", connection_.route_text()}});
    }
    const std::lock_guard lock(mutex_);
    close_thread_ = std::thread::id();
    if (progress_ == Progress::ended) schedule_flush();  // which completes the exchange
    changed_.notify_all();
  };
}

}  // namespace mortise::http
