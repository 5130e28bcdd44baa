// The beginning and the end of a connection's chain: from the bytes of a request to its route, and from its answer to
// the next request. What lies between is dispatch.cpp.
#include "base/strings.hpp"
#include "http/connection.hpp"
#include "http/loop.hpp"
#include "http/shared.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"

namespace mortise::http {
namespace {

constexpr std::size_t kBodyBuffer = 65536;

}  // namespace

void Connection::start_parser() {
  workspace_->parser.start(static_cast<std::uint32_t>(shared_.settings.max_header_bytes));
  workspace_->is_parser_started = true;
}

Connection::Step Connection::read_head() {
  auto& work = *workspace_;
  if (work.input.is_empty()) return Step::need_input;
  if (!work.is_parser_started) start_parser();
  switch (work.parser.parse_head(work.input.view(), work.head_size)) {
    case RequestParser::State::need_more: return Step::need_input;
    case RequestParser::State::refused: return refuse(work.parser.refusal().status, work.parser.refusal().detail);
    case RequestParser::State::done: break;
  }
  const auto& head = work.parser.head();
  // The head must stay where it is while the body arrives behind it: room for that is made now, and the head read
  // again in its new place.
  const std::size_t room = head.content_length > InputBuffer::kSmall ? kBodyBuffer : InputBuffer::kSmall / 2;
  if (head.has_body && work.input.room().size() < room) {
    work.input.make_room(room);
    start_parser();
    work.parser.parse_head(work.input.view(), work.head_size);
  }
  is_head_started_ = false;
  is_timed_out_.store(false, std::memory_order_relaxed);
  wait_.store(Wait::none, std::memory_order_relaxed);
  is_in_request_.store(true, std::memory_order_relaxed);
  return on_head();
}

/// Also for a request whose head is refused.
void Connection::begin_exchange() {
  auto& work = *workspace_;
  if (shared_.settings.access_log) work.started = std::chrono::steady_clock::now();
  work.request_id = work.parser.head().request_id;
  if (work.request_id.empty()) {
    loop_.make_request_id(work.generated_id);
    work.request_id = work.generated_id;
  }
  if (!work.parser.head().traceparent.empty()) continue_trace();
  exchange_.begin(context());
}

/// What several headers `tracestate` say is one list.
void Connection::continue_trace() {
  const auto& head = workspace_->parser.head();
  std::string state;
  for (const auto& field : head.headers) {
    if (!base::equals_ignoring_case(runtime::to_view(field.name), "tracestate")) continue;
    state.append(state.empty() ? "" : ",").append(runtime::to_view(field.value));
  }
  workspace_->trace = telemetry::continue_trace(head.traceparent, state);
}

Connection::Step Connection::on_head() {
  const auto& head = workspace_->parser.head();
  begin_exchange();
  workspace_->body.clear();
  is_body_done_ = !head.has_body;
  is_continue_due_ = head.expects_continue && head.has_body;
  return route();
}

std::string_view Connection::date() const { return loop_.date(); }

ResponseContext Connection::context() const {
  const auto& head = workspace_->parser.head();
  return {.date = date(),
          .request_id = workspace_->request_id,
          .is_head = head.method == "HEAD",
          .is_http_1_0 = head.is_http_1_0,
          .keep_alive = head.keep_alive && !shared_.is_draining.load(std::memory_order_relaxed)};
}

/// Takes what is there of the body; what is behind it moves up to the head.
RequestParser::State Connection::parse_body() {
  std::size_t consumed = 0;
  auto& work = *workspace_;
  const auto state = work.parser.parse_body(work.input.view().substr(work.head_size), work.body, consumed);
  work.input.remove(work.head_size, consumed);
  return state;
}

Connection::Step Connection::read_body() {
  auto& work = *workspace_;
  const bool is_first = work.body.empty() && work.input.size() == work.head_size;
  const auto state = parse_body();
  if (state == RequestParser::State::refused) {
    return refuse(work.parser.refusal().status, work.parser.refusal().detail);
  }
  if (state == RequestParser::State::need_more) {
    work.body_charge.set(work.body.size());
    if (is_continue_due_ && is_first) work.out += "HTTP/1.1 100 Continue\r\n\r\n";
    is_continue_due_ = false;
    return Step::need_input;
  }
  is_body_done_ = true;
  work.body_charge.set(0);
  wait_.store(Wait::none, std::memory_order_relaxed);
  return dispatch(*work.route);
}

/// Answers without a handler and closes: what is left of the request is not read.
Connection::Step Connection::refuse(unsigned status, std::string_view detail, std::string_view headers) {
  if (!is_in_request()) begin_exchange();
  auto answer = exchange_.context();
  answer.keep_alive = false;
  write_problem(workspace_->out, answer, status, detail, headers);
  exchange_.note(status, 0);
  if (shared_.settings.access_log) log_access();
  count_answer();
  let_go();
  return Step::close;
}

/// Answers without a handler and goes on with the connection, unless a body comes that nobody reads.
Connection::Step Connection::decline(unsigned status, std::string_view detail, std::string_view headers) {
  if (workspace_->parser.head().has_body) return refuse(status, detail, headers);
  write_problem(workspace_->out, exchange_.context(), status, detail, headers);
  exchange_.note(status, 0);
  return finish();
}

Connection::Step Connection::finish() {
  if (shared_.settings.access_log) log_access();
  count_answer();
  const bool keeps_alive = exchange_.context().keep_alive && is_body_done_;
  workspace_->input.drop(workspace_->head_size);
  workspace_->head_size = 0;
  workspace_->is_parser_started = false;
  phase_ = Phase::head;
  let_go();
  return keeps_alive ? Step::again : Step::close;
}

/// Gives back what the request has had of its deadline and of its plugin's places.
void Connection::leave_plugin() {
  if (is_deadline_listed_) {
    is_deadline_listed_ = false;
    loop_.deadlines().remove(deadline_place_);
  }
  if (const auto* generation = generation_.load(std::memory_order_relaxed)) {
    generation->containment().leave(workspace_->pass);
  }
}

/// Of everything that belongs to the request, and of its generation above all.
void Connection::let_go() {
  leave_plugin();
  workspace_->forget_request();
  generation_.store(nullptr, std::memory_order_relaxed);
  is_in_request_.store(false, std::memory_order_relaxed);
}

}  // namespace mortise::http
