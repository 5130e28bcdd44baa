// The plugin's side of a WebSocket: on which thread its handlers are called, and what becomes of their failures.
#include <algorithm>
#include <array>
#include <utility>

#include "http/loop.hpp"
#include "http/shared.hpp"
#include "http/websocket.hpp"
#include "runtime/generation.hpp"
#include "runtime/scope.hpp"
#include "telemetry/log.hpp"

namespace mortise::http {
namespace {

// A socket whose handler was seen to hold its loop this often is served by the blocking pool.
constexpr unsigned kBlockedBeforeMoving = 8;

}  // namespace

/// Passing a call on takes no time: there it is the loop. Else on the loop, whose watch sends a spare thread when the
/// handler holds it; on the pool when it did so often, and while that of another socket of the plugin does.
void WebSocket::run_handler(std::function<void()> task) {
  if (ledger_ != nullptr) return connection_.loop().post(std::move(task));
  std::unique_lock lock(mutex_);
  const auto generation = cone_->entry;
  lock.unlock();
  auto& shared = connection_.shared();
  const auto share = shared.pool.share_of(generation->containment().threads());
  const bool is_blocking =
      blocked_count_ >= kBlockedBeforeMoving || shared.watch.is_kept_off({.generation = generation->number()}, share);
  if (is_blocking && shared.pool.post(generation->name(), share, task)) return;
  connection_.loop().post(std::move(task));
}

void WebSocket::call_plugin(const std::function<void()>& call) {
  std::unique_lock lock(mutex_);
  const auto cone = cone_;
  lock.unlock();
  const telemetry::LogScope log_scope(cone->entry->name(), cone->entry->number_text(), request_id_);
  const runtime::Scope scope(cone);
  auto* seat = Seat::current();
  if (seat != nullptr) seat->enter({.generation = cone->entry->number()});
  call();
  // Where the handlers are elsewhere, the next call may have begun on another thread; nobody asks for the count there.
  if (seat != nullptr && seat->leave() && ledger_ == nullptr) ++blocked_count_;
}

bool WebSocket::call_on_message() {
  std::array<char, 1024> text;  // NOLINT(cppcoreguidelines-pro-type-member-init): the handler says how much it wrote
  mortise_error error{.struct_size = sizeof(mortise_error),
                      .capacity = static_cast<std::uint32_t>(text.size()),
                      .size = 0,
                      .reserved = 0,
                      .message = text.data()};
  bool is_ok = false;
  call_plugin([&] {
    std::string_view reason = "the handler let an exception out";
    try {
      const auto data = input_.cdata();
      is_ok =
          handlers_.on_message(handlers_.self, handle(), {static_cast<const std::uint8_t*>(data.data()), data.size()},
                               is_text_ ? 1 : 0, &error) == MORTISE_OK;
      reason = {text.data(), std::min<std::size_t>(error.size, text.size())};
    } catch (...) {  // no exception may cross the ABI; one that does is this socket's failure, not the host's
    }
    if (!is_ok) log_failure(reason.empty() ? "no message given" : reason);
  });
  return is_ok;
}

void WebSocket::log_failure(std::string_view reason) const {
  telemetry::log(telemetry::Level::error, "http", "websocket handler failed",
                 {{"route", route_text_}, {"reason", reason}});
}

void WebSocket::call_on_close() {
  Close close;
  {
    const std::lock_guard lock(mutex_);
    close = asked_ ? *asked_ : *ended_;
  }
  call_plugin([&] {
    try {
      handlers_.on_close(handlers_.self, handle(), close.code, {close.reason.data(), close.reason.size()});
    } catch (...) {
      log_failure("on_close let an exception out");
    }
  });
  if (ledger_ == nullptr) let_go();
}

void WebSocket::end_handler(bool is_ok) {
  std::unique_lock lock(mutex_);
  const auto hold = hold_;
  lock.unlock();
  connection_.loop().post_on(strand_, [this, hold, is_ok] { is_over_ ? let_go() : end_message(is_ok); });
  hold->help_ended_loop();
}

/// The plugin has heard the last of it.
void WebSocket::let_go() {
  connection_.forget_generation();
  ConnectionPtr hold;
  runtime::ConePtr cone;
  const std::lock_guard lock(mutex_);
  hold.swap(hold_);
  cone.swap(cone_);
}

}  // namespace mortise::http
