#include "tasks/handlers.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::tasks {
namespace {

using base::Error;
using base::ErrorCode;

}  // namespace

base::Result<void> Handlers::add(const runtime::Generation& generation, const mortise_task_handler_v1& handler) {
  if (!MORTISE_HAS(mortise_task_handler_v1, &handler, run) || handler.run == nullptr) {
    return Error{ErrorCode::invalid_argument,
                 "a handler without `run`, or a struct_size that is too small; set it to "
                 "sizeof(mortise_task_handler_v1)"};
  }
  const std::string name(runtime::to_view(handler.name));
  const auto refuse = [&](ErrorCode code, const std::string& why) {
    return Error{code, "handler '" + base::printable(name) + "' of durable tasks " + why};
  };
  if (generation.state() != runtime::GenerationState::initialising) {
    return refuse(ErrorCode::failed_precondition, "is registered during init only");
  }
  const auto& declared = generation.spec().manifest->durable_tasks;
  if (std::find(declared.begin(), declared.end(), name) == declared.end()) {
    return refuse(ErrorCode::failed_precondition,
                  "is in the code, and not in the manifest; name it in "
                  "\"durable_tasks\"");
  }
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] =
      by_generation_[&generation].emplace(name, Handler{.self = handler.self, .run = handler.run});
  if (!is_new) return refuse(ErrorCode::already_exists, "is registered a second time; leave one");
  return {};
}

base::Result<void> Handlers::check_complete(const runtime::Generation& generation) const {
  const auto known = find(generation);
  for (const auto& name : generation.spec().manifest->durable_tasks) {
    if (known.contains(name)) continue;
    return Error{ErrorCode::failed_precondition, "handler '" + name +
                                                     "' of durable tasks is in the manifest, and the code registers "
                                                     "none; register it during init, or take it out of "
                                                     "\"durable_tasks\""};
  }
  return {};
}

HandlerMap Handlers::find(const runtime::Generation& generation) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_generation_.find(&generation);
  return found == by_generation_.end() ? HandlerMap() : found->second;
}

void Handlers::forget(const runtime::Generation& generation) {
  const std::lock_guard lock(mutex_);
  by_generation_.erase(&generation);
}

}  // namespace mortise::tasks
