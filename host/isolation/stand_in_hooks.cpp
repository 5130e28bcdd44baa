// The hooks of a plugin that runs elsewhere, as the host calls them. [control thread]
#include <mortise/abi/http.h>
#include <sys/eventfd.h>

#include <string>
#include <utility>

#include "http/exchange.hpp"
#include "isolation/stand_in.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::isolation {
namespace {

using base::Error;
using base::ErrorCode;
using runtime::to_abi;

StandIn& from(void* self) noexcept { return *static_cast<StandIn*>(self); }

/// Of a limit that the host sets for a hook, what the worker gets: it is killed before the hook is given up, whose
/// thread comes back then.
std::chrono::milliseconds within(std::chrono::milliseconds limit) { return limit - limit / 8; }

mortise_status to_status(mortise_status status, const std::string& message, mortise_error* error) {
  if (status == MORTISE_OK) return status;
  return to_abi(Error{runtime::to_code(status), message}, error);
}

}  // namespace

mortise_status StandIn::init(const mortise_host_v1* host, void** self, mortise_error* error) {
  // The table's function has nobody else to ask whose init it is.
  auto& stand_in = static_cast<StandIn&>(runtime::Generation::from(host->host).code());
  *self = &stand_in;
  return runtime::guarded(error, [&] { return stand_in.begin(*host, error); });
}

/// What the manifest wishes for stays unbound in the worker; here it has to be registered as any plugin does.
mortise_status StandIn::begin(const mortise_host_v1& host, mortise_error* error) {
  host_ = &host;
  http_ = static_cast<const mortise_http_v1*>(host.get_interface(host.host, to_abi(MORTISE_HTTP_V1)));
  if (const auto begun = begin_tasks(error); begun != MORTISE_OK) return begun;
  events_ = static_cast<const mortise_events_v1*>(host.get_interface(host.host, to_abi(MORTISE_EVENTS_V1)));
  if (!wake_.is_open() || http_ == nullptr) return MORTISE_RESOURCE_EXHAUSTED;
  Hook hook{.name = "init", .limit = within(settings_.init_timeout)};
  init_until_ = Clock::now() + hook.limit;
  {
    std::unique_lock lock(mutex_);
    attendant_ = std::thread([this] { attend(); });  // first: where there is none, nothing is posted
    posted_hook_ = &hook;
    is_attended_ = true;
    changed_.wait(lock, [&] { return hook.is_done; });
  }
  if (hook.status != MORTISE_OK) return to_status(hook.status, hook.message, error);
  has_state_ = hook.answer.number("state") != 0;
  state_.version = static_cast<std::uint32_t>(hook.answer.number("state_version"));
  if (hook.answer.number("exports_rest") != 0) state_.export_rest = &export_rest;
  if (hook.answer.number("imports_rest") != 0) state_.import_rest = &import_rest;
  if (spec_.workers == 1) return MORTISE_OK;
  const auto added = add_replicas(error);
  if (added != MORTISE_OK) destroy(this);  // what its first worker has done is undone there
  return added;
}

/// Durable ones are the first's, which finds a worker for each.
mortise_status StandIn::begin_tasks(mortise_error* error) {
  const auto* const table =
      static_cast<const mortise_tasks_v1*>(host_->get_interface(host_->host, to_abi(MORTISE_TASKS_V1)));
  tasks_.begin(table, host_->host);
  return first_ != nullptr ? MORTISE_OK
                           : durable_tasks_.begin(table, host_->host, spec_.manifest->durable_tasks, error);
}

/// Hands it to the attendant, and waits until that is done with it: within its limit, or when the worker has ended.
void StandIn::call(Hook& hook) {
  post(hook);
  await(hook);
}

void StandIn::post(Hook& hook) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return posted_hook_ == nullptr; });
  if (!is_attended_) {
    hook.message = "there is no process that runs the plugin: " + report_.trouble;
    hook.is_done = true;
    return;
  }
  posted_hook_ = &hook;
  lock.unlock();
  ::eventfd_write(wake_.get(), 1);
}

void StandIn::await(const Hook& hook) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return hook.is_done; });
}

void StandIn::stop(void* self) {
  auto& stand_in = from(self);
  stand_in.note_stopped();
  Hook hook{.name = "stop", .limit = within(stand_in.settings_.stop_timeout)};
  stand_in.call_all(hook);
  stand_in.cut_from(Clock::now() + stand_in.settings_.stop_timeout);
}

void StandIn::destroy(void* self) {
  auto& stand_in = from(self);
  stand_in.note_stopped();
  Hook hook{.name = "destroy", .limit = within(stand_in.settings_.stop_timeout)};
  stand_in.call_all(hook);
}

const void* StandIn::get_interface(void* self, mortise_str id) {
  const auto& stand_in = from(self);
  const auto name = runtime::to_view(id);
  const std::lock_guard lock(stand_in.mutex_);
  if (name == MORTISE_HEALTH_V1 && stand_in.has_health_) return &stand_in.health_;
  if (name == MORTISE_STATE_V1 && stand_in.has_state_) return &stand_in.state_;
  return nullptr;
}

mortise_status StandIn::check(void* self, mortise_error* error) {
  return runtime::guarded(error, [&] {
    Hook hook{.name = "check", .limit = within(from(self).settings_.init_timeout)};
    from(self).call_all(hook);
    return to_status(hook.status, hook.message, error);
  });
}

mortise_status StandIn::export_part(const char* part, const mortise_state_writer_v1& writer, mortise_error* error) {
  return runtime::guarded(error, [&] {
    Hook hook{.name = "export", .arguments = {{"part", part}}, .limit = within(settings_.init_timeout)};
    call(hook);
    if (hook.status != MORTISE_OK) return to_status(hook.status, hook.message, error);
    const auto& bytes = hook.answer_bytes;
    if (bytes.empty()) return MORTISE_OK;
    return writer.write(writer.target, {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  });
}

mortise_status StandIn::import_part(const char* part, std::uint32_t version, mortise_bytes state,
                                    mortise_error* error) {
  return runtime::guarded(error, [&] {
    Hook hook{.name = "import",
              .arguments = {{"part", part}, {"version", version}},
              .bytes = std::string(reinterpret_cast<const char*>(state.data), state.size),
              .limit = within(settings_.init_timeout)};
    call(hook);
    return to_status(hook.status, hook.message, error);
  });
}

mortise_status StandIn::export_snapshot(void* self, const mortise_state_writer_v1* writer, mortise_error* error) {
  return from(self).export_part("snapshot", *writer, error);
}

mortise_status StandIn::import_snapshot(void* self, std::uint32_t version, mortise_bytes state, mortise_error* error) {
  return from(self).import_part("snapshot", version, state, error);
}

mortise_status StandIn::export_rest(void* self, const mortise_state_writer_v1* writer, mortise_error* error) {
  return from(self).export_part("rest", *writer, error);
}

mortise_status StandIn::import_rest(void* self, std::uint32_t version, mortise_bytes state, mortise_error* error) {
  return from(self).import_part("rest", version, state, error);
}

/// Of every route, on the thread that read the request.
mortise_status StandIn::handle(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                               mortise_error* error) {
  const auto& route = *static_cast<const ForwardedRoute*>(self);
  return runtime::guarded(error, [&] {
    const auto calls = route.stand_in->calls_in_turn();
    if (calls) return calls->submit(route, exchange, *request);
    http::Exchange::from(exchange).leave_uncounted();  // what has ended the process is counted already
    answer_problem(*route.stand_in->http_, exchange, 503, runtime::to_view(request->id), kWorkerIsGone);
    return MORTISE_OK;
  });
}

}  // namespace mortise::isolation
