// The middle of a connection's chain: from a request's head to the call of its handler.
#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/coarse_clock.hpp"
#include "base/strings.hpp"
#include "http/connection.hpp"
#include "http/loop.hpp"
#include "http/shared.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"
#include "runtime/scope.hpp"
#include "telemetry/log.hpp"

namespace mortise::http {
namespace {
// A route that was seen to hold its loop this often runs on the blocking pool from then on.
constexpr std::uint32_t kBlockedBeforeMoving = 8;
// What a client may say that it waits for: a day, as in plugins.d.
constexpr std::uint64_t kMostHeededMs = 86'400'000;
// That a plugin is not done sooner speaks against its client: it shall not open the circuit for all others.
constexpr std::chrono::milliseconds kFairTime{1000};

using runtime::to_abi;

/// The sooner of the plugin's deadline and the route's, of which 0 is none.
Exchange::Time deadline_of(std::chrono::milliseconds plugins, std::chrono::milliseconds routes) {
  const bool is_routes = routes.count() != 0 && (plugins.count() == 0 || routes < plugins);
  const auto limit = is_routes ? routes : plugins;
  return limit.count() == 0 ? Exchange::Time::max() : base::coarse_now() + limit + base::kCoarseLag;
}
}  // namespace

Connection::Step Connection::route() {
  const auto& head = workspace_->parser.head();
  if (head.path == "/livez" || head.path == "/readyz") return answer_builtin();
  auto& work = *workspace_;
  auto pin = loop_.pin();
  // By the last two other hosts know it from an answer of a plugin's (remote/call_headers.hpp).
  if (!pin) {
    return decline(503, "the host is starting", "Retry-After: 1\r\nMortise-Not-Begun: 1\r\nMortise-Starting: 1\r\n");
  }
  if (head.path == "*") {
    if (head.method != "OPTIONS") return refuse(400, "the target * is for OPTIONS alone");
    return answer_builtin();
  }
  if (pin->canary && pin->draw->takes(head, remote_address_)) pin = pin->canary;
  const auto match = pin->table->find(head.method, head.path, work.params);
  switch (match.kind) {
    case Match::Kind::bad_path: return refuse(400, "the path has a dot segment, a broken escape, or too many segments");
    case Match::Kind::not_found: return decline(404, "nothing is served here");
    case Match::Kind::method_not_allowed: break;
    case Match::Kind::found:
      work.route = match.route;
      work.cone = pin->cones[match.source];
      generation_.store(work.cone->entry.get(), std::memory_order_relaxed);
      work.out_charge.bind(memory());
      work.body_charge.bind(memory());
      pin.reset();  // from here on only what the handler can reach is held
      return dispatch(*match.route);
  }
  if (head.method != "OPTIONS" || head.has_body) {
    const std::string allow = "Allow: " + std::string(match.allow) + "\r\n";
    return decline(405, "this path does not take this method; see the Allow header", allow);
  }
  const std::array<mortise_http_field, 1> fields{{{to_abi("Allow"), to_abi(match.allow)}}};
  exchange_.respond({.struct_size = sizeof(mortise_http_response_v1),
                     .status = 204,
                     .headers = fields.data(),
                     .header_count = 1,
                     .body = {}});
  return finish();
}

Connection::Step Connection::answer_builtin() {
  const auto& head = workspace_->parser.head();
  if (head.has_body) return refuse(400, "no body is taken here");
  unsigned status = 200;
  std::string_view text = "ok\n";
  if (head.path == "*") {
    status = 204;
    text = {};
  } else if (head.method != "GET" && head.method != "HEAD") {
    return refuse(405, "see the Allow header", "Allow: GET, HEAD\r\n");
  } else if (head.path == "/readyz" && !shared_.is_ready.load(std::memory_order_relaxed)) {
    status = 503;
    text = "starting or stopping\n";
  }
  const std::array<mortise_http_field, 2> fields{
      {{to_abi("Content-Type"), to_abi("text/plain; charset=utf-8")}, {to_abi("Cache-Control"), to_abi("no-store")}}};
  exchange_.respond({.struct_size = sizeof(mortise_http_response_v1),
                     .status = status,
                     .headers = fields.data(),
                     .header_count = text.empty() ? 0U : fields.size(),
                     .body = {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}});
  return finish();
}

Connection::Step Connection::dispatch(const Route& route) {
  const bool is_streaming = (route.flags & MORTISE_HTTP_ROUTE_STREAM_BODY) != 0;
  if (!is_body_done_ && phase_ == Phase::head) {
    workspace_->parser.limit_body(route.body_limit_bytes != 0 ? route.body_limit_bytes
                                                              : shared_.settings.max_body_bytes);
    if (const auto& refusal = workspace_->parser.refusal()) return refuse(refusal.status, refusal.detail);
    phase_ = Phase::body;
    if (!is_streaming) return Step::again;
  }
  phase_ = Phase::head;
  build_request(route);
  if (workspace_->cone->entry->traffic() != nullptr) workspace_->handled_since = std::chrono::steady_clock::now();
  const auto& containment = workspace_->cone->entry->containment();
  workspace_->deadline = deadline_of(containment.deadline(), route.deadline);
  if (!heed_client(route)) return decline(400, route.deadline_header + " must be a whole number of milliseconds");
  return containment.is_active() ? admit(route) : run(route);
}

/// Has the request take no longer than its client waits, where the route lets it say so. False: what it says is no
/// time.
bool Connection::heed_client(const Route& route) {
  auto& work = *workspace_;
  work.is_hurried = false;
  if (route.deadline_header.empty()) return true;
  for (const auto& field : work.parser.head().headers) {
    if (!base::equals_ignoring_case(runtime::to_view(field.name), route.deadline_header)) continue;
    const auto text = runtime::to_view(field.value);
    std::uint64_t left_ms = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), left_ms);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return false;
    const auto left = std::chrono::milliseconds(std::min(left_ms, kMostHeededMs));
    const auto until = base::coarse_now() + left + base::kCoarseLag;
    if (until >= work.deadline) continue;
    work.deadline = until;
    work.is_hurried = left < kFairTime;
  }
  return true;
}

Connection::Step Connection::run(const Route& route) {
  workspace_->is_counted = false;
  const bool is_blocking = (route.flags & (MORTISE_HTTP_ROUTE_BLOCKING | MORTISE_HTTP_ROUTE_STREAM_BODY)) != 0 ||
                           route.blocked_count.load(std::memory_order_relaxed) >= kBlockedBeforeMoving ||
                           is_kept_off_loops(route);
  return is_blocking ? run_on_pool(route) : run_inline(route);
}

/// A handler of the route, or many of its plugin, hold threads of the loops at this moment.
bool Connection::is_kept_off_loops(const Route& route) const {
  const auto& generation = *workspace_->cone->entry;
  return shared_.watch.is_kept_off({.generation = generation.number(), .route = &route},
                                   shared_.pool.share_of(generation.containment().threads()));
}

void Connection::build_request(const Route& route) {
  const auto& head = workspace_->parser.head();
  const bool is_streaming = (route.flags & MORTISE_HTTP_ROUTE_STREAM_BODY) != 0;
  const std::string_view body = is_streaming ? std::string_view() : std::string_view(workspace_->body);
  workspace_->request = {.struct_size = sizeof(mortise_http_request_v1),
                         .flags = transport_->is_secure() ? MORTISE_HTTP_REQUEST_SECURE : 0U,
                         .method = to_abi(head.method),
                         .target = to_abi(head.target),
                         .path = to_abi(head.path),
                         .query = to_abi(head.query),
                         .params = workspace_->params.data(),
                         .param_count = workspace_->params.size(),
                         .headers = head.headers.data(),
                         .header_count = head.headers.size(),
                         .body = {reinterpret_cast<const std::uint8_t*>(body.data()), body.size()},
                         .id = to_abi(workspace_->request_id),
                         .remote_address = to_abi(remote_address_)};
}

/// Runs the handler; true when its exchange is over.
bool Connection::call_handler(const Route& route) {
  auto& work = *workspace_;
  const auto& generation = *work.cone->entry;
  const telemetry::LogScope log_scope(generation.name(), generation.number_text(), work.request_id, route.pattern,
                                      work.trace ? &*work.trace : nullptr);
  std::array<char, 1024> text;  // NOLINT(cppcoreguidelines-pro-type-member-init): the handler says how much it wrote
  mortise_error error{.struct_size = sizeof(mortise_error),
                      .capacity = static_cast<std::uint32_t>(text.size()),
                      .size = 0,
                      .reserved = 0,
                      .message = text.data()};
  auto* seat = Seat::current();  // none on the pool's threads
  if (seat != nullptr) seat->enter({.generation = generation.number(), .route = &route}, this, work.deadline);
  mortise_status status = MORTISE_INTERNAL;
  std::string_view message;
  try {
    runtime::Scope scope(work.cone, &exchange_.deadline_to_read());
    status = route.handle(route.self, exchange_.handle(), &work.request, &error);
    if (status != MORTISE_OK && scope.table().failure.status == status) [[unlikely]] {
      exchange_.note_providers_failure();
      log_way(scope.table().failure);
    }
    message = {text.data(), std::min<std::size_t>(error.size, text.size())};
  } catch (...) {
    // No exception may cross the ABI; one that does is this request's failure, not the host's.
    message = "the handler let an exception out";
  }
  // What goes on without the handler needs its own plugin alone, however long it lasts.
  if (exchange_.is_shared()) {
    work.generation = work.cone->entry;
    work.cone.reset();
  }
  // Before it is settled: then another thread may end the exchange, and with it what holds the route.
  if (seat != nullptr && seat->leave()) route.blocked_count.fetch_add(1, std::memory_order_relaxed);
  return exchange_.settle(status, message);
}

/// A handler failed as a call of its through a contract did: the client gets the reason, the log the way that it came.
void Connection::log_way(const mortise_failure& failure) const {
  const auto level = to_http_status(failure.status) < 500 ? telemetry::Level::debug : telemetry::Level::warning;
  telemetry::log(level, "http", "handler failed through a contract",
                 {{"route", route_text()},
                  {"reason", runtime::to_view(failure.message)},
                  {"way", runtime::to_view(failure.context)}});
}

Connection::Step Connection::run_inline(const Route& route) {
  if (workspace_->deadline != Exchange::Time::max()) exchange_.arm_open(workspace_->deadline);
  if (call_handler(route)) {
    if (auto successor = exchange_.taken_over()) {
      hand_over(std::move(successor));
      return Step::parked;
    }
    if (!exchange_.is_shared()) return finish();
    resume();
    return Step::parked;
  }
  watch_client();
  return Step::parked;
}

Connection::Step Connection::run_on_pool(const Route& route) {
  flush_earlier();
  park_for_turn();
  const auto& generation = *workspace_->cone->entry;
  // By the plugin's name: all its generations have one share.
  const auto share = shared_.pool.share_of(generation.containment().threads());
  const bool is_posted = shared_.pool.post(generation.name(), share, [self = ConnectionPtr(this), &route] {
    if (!self->exchange_.take_turn(true)) return;
    if ((route.flags & MORTISE_HTTP_ROUTE_STREAM_BODY) != 0) self->exchange_.stream_body();
    const bool is_over = self->call_handler(route);
    self->loop_.post([self, is_over] {
      if (!is_over) return self->watch_client();
      if (auto successor = self->exchange_.taken_over()) return self->hand_over(std::move(successor));
      if (self->exchange_.is_shared()) return self->resume();
      self->self_.reset();  // as from here on something else holds it
      if (self->finish() == Step::close) {
        self->is_closing_ = true;
        if (self->send_out()) self->begin_close();
      } else {
        self->process();
      }
    });
    self->help_ended_loop();
  });
  if (is_posted || !exchange_.take_turn()) return Step::parked;
  const auto self = std::move(self_);
  workspace_->handled_since = {};  // others keep the pool busy, perhaps
  workspace_->is_counted = true;
  workspace_->cone->entry->containment().note_rejected();
  return turn_away("too many requests wait for a thread", kCrowdRetryAfter);
}

/// HTTP ends here: what was read beyond the request and what was not sent yet goes along, and so does everything that
/// a long life should not keep in memory.
void Connection::hand_over(std::unique_ptr<Successor> successor) {
  const auto self = std::move(self_);  // the pool's thread was waited for; from here on the successor holds it
  exchange_.close_shared();            // as one is that was deferred
  if (shared_.settings.access_log) log_access();
  workspace_->handled_since = {};
  count_answer();
  leave_plugin();
  std::string input(workspace_->input.view().substr(workspace_->head_size));
  std::string unsent = std::exchange(workspace_->out, {});
  loop_.workspaces().give_back(std::move(workspace_));
  successor_owner_ = std::move(successor);
  successor_.store(successor_owner_.get(), std::memory_order_release);
  successor_owner_->start(std::move(unsent), std::move(input));
}

std::string Connection::route_text() const {
  const auto* route = workspace_->route;
  return route == nullptr ? "" : route->method + " " + route->pattern;
}

std::chrono::milliseconds Connection::body_timeout() const noexcept { return shared_.settings.body_timeout; }

/// For whoever watches the generation that served the request, and for its circuit breaker.
void Connection::count_answer() {
  const auto since = workspace_->handled_since;
  const auto status = exchange_.status();
  const auto* generation = generation_.load(std::memory_order_relaxed);
  // 0: the client did not wait for an answer. Nor did one that has gone, and what its handler waited for was given up.
  const bool is_for_nobody = !exchange_.is_shared() && exchange_.is_client_gone();
  if (generation == nullptr || status == 0 || is_for_nobody) return;
  if (workspace_->is_hurried && status == 504) {  // whoever has noticed first that its time is up
    workspace_->is_counted = true;
    return;
  }
  if (!std::exchange(workspace_->is_counted, true) && !exchange_.is_uncounted()) {
    generation->containment().note_answer(workspace_->pass, exchange_.is_providers_failure() ? 200 : status,
                                          base::coarse_now());
  }
  if (since == std::chrono::steady_clock::time_point()) return;
  const auto duration =
      exchange_.is_stream() ? runtime::Traffic::Duration::zero() : std::chrono::steady_clock::now() - since;
  generation->traffic()->note_answer(status, duration);
}

void Connection::count_timeout(bool is_inside) {
  const auto* generation = generation_.load(std::memory_order_relaxed);
  workspace_->is_counted = true;
  if (workspace_->is_hurried) {
    workspace_->handled_since = {};
    return;
  }
  generation->containment().note_timeout(workspace_->pass, is_inside, base::coarse_now());
  const auto since = std::exchange(workspace_->handled_since, {});
  if (since == std::chrono::steady_clock::time_point()) return;
  generation->traffic()->note_answer(504, std::chrono::steady_clock::now() - since);
}

void Connection::log_access() {
  const auto& head = workspace_->parser.head();
  const auto* generation = generation_.load(std::memory_order_relaxed);
  const auto duration = std::chrono::steady_clock::now() - workspace_->started;
  nlohmann::ordered_json line{{"remote", remote_address_},
                              {"method", head.method},
                              {"target", head.target},
                              {"status", exchange_.status()},
                              {"bytes", exchange_.body_bytes()},
                              {"duration_us", std::chrono::duration_cast<std::chrono::microseconds>(duration).count()},
                              {"plugin", generation == nullptr ? "" : generation->name()},
                              {"generation", generation == nullptr ? 0 : generation->number()},
                              {"request_id", workspace_->request_id}};
  if (const auto& trace = workspace_->trace) line["trace_id"] = trace->trace_id();
  telemetry::log_access(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace mortise::http
