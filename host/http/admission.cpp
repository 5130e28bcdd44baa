// Whether a request gets to its handler: what circuit breaker and bulkhead say, and how one waits for its turn.
#include <string>
#include <utility>

#include "base/coarse_clock.hpp"
#include "http/connection.hpp"
#include "http/loop.hpp"
#include "runtime/generation.hpp"

namespace mortise::http {

/// As far as circuit breaker and bulkhead let it. One that has to wait is parked: whoever gives it its turn, or takes
/// that away, goes on with it.
Connection::Step Connection::admit(const Route& route) {
  auto& work = *workspace_;
  flush_earlier();
  auto& containment = work.cone->entry->containment();
  const auto now = base::coarse_now();
  const auto make_waiter = [&]() -> runtime::Bulkhead::Waiter {
    park_for_turn();
    return [connection = ConnectionPtr(this)] {
      connection->loop_.post([connection] { connection->go_on_after_waiting(true); });
      connection->help_ended_loop();
    };
  };
  using Admission = runtime::Containment::Admission;
  switch (containment.admit(work.pass, now, make_waiter)) {
    case Admission::inside: return run(route);
    case Admission::waiting: return Step::parked;
    case Admission::full: break;
    case Admission::broken:
      return turn_away("the plugin that serves this failed too often; it is tried again in a while",
                       containment.retry_after(now));
  }
  work.handled_since = {};
  return turn_away("as many requests as may be are in the plugin that serves this, or wait for it", kCrowdRetryAfter);
}

/// Earlier, pipelined answers need not wait for one that may take its time.
void Connection::flush_earlier() {
  if (auto& out = workspace_->out; !out.empty()) out.erase(0, transport_->try_write(out));
}

/// Until its turn comes or its deadline has passed.
void Connection::park_for_turn() {
  self_ = this;
  exchange_.arm_waiting(workspace_->deadline);
  list_deadline(workspace_->deadline);
}

/// On a thread of the loop. Whether it has had its turn, or the deadline or the connection's end came before.
void Connection::go_on_after_waiting(bool has_turn) {
  if (has_turn && !exchange_.take_turn()) return;
  const auto self = std::move(self_);
  auto& work = *workspace_;
  if (has_turn) return go_on(run(*work.route));
  work.handled_since = {};
  work.is_counted = true;
  auto& containment = work.cone->entry->containment();
  if (!containment.withdraw(work.pass)) containment.note_rejected();  // it waited for a thread
  go_on(
      turn_away("no place in the plugin that serves this, or no thread for it, became free in time", kCrowdRetryAfter));
}

/// Without a handler, which other hosts know by the second header (remote/call_headers.hpp); the body may be there, and
/// then the connection goes on.
Connection::Step Connection::turn_away(std::string_view detail, std::chrono::seconds retry_after) {
  auto answer = exchange_.context();
  answer.keep_alive = answer.keep_alive && is_body_done_;
  write_problem(workspace_->out, answer, 503, detail,
                "Retry-After: " + std::to_string(retry_after.count()) + "\r\nMortise-Not-Begun: 1\r\n");
  exchange_.note(503, 0);
  return finish();
}

}  // namespace mortise::http
