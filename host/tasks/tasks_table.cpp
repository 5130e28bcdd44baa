#include "tasks/tasks_table.hpp"

#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"
#include "tasks/tasks.hpp"

namespace mortise::tasks {
namespace {

using runtime::guarded;
using runtime::to_abi;

Tasks* tasks_of(const runtime::Generation& generation) {
  return dynamic_cast<Tasks*>(generation.service_of(MORTISE_TASKS_V1));
}

mortise_status add(mortise_host* host, const mortise_task_v1* task, mortise_error* error) {
  const auto& generation = runtime::Generation::from(host);
  auto* const tasks = tasks_of(generation);
  if (tasks == nullptr || task == nullptr) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    const auto added = tasks->add(generation, *task);
    return added ? mortise_status{MORTISE_OK} : to_abi(added.error(), error);
  });
}

mortise_status cancel(mortise_host* host, std::uint64_t tag, mortise_error* error) {
  const auto& generation = runtime::Generation::from(host);
  auto* const tasks = tasks_of(generation);
  if (tasks == nullptr) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    const auto cancelled = tasks->cancel(generation, tag);
    return cancelled ? mortise_status{MORTISE_OK} : to_abi(cancelled.error(), error);
  });
}

mortise_status handle(mortise_host* host, const mortise_task_handler_v1* handler, mortise_error* error) {
  const auto& generation = runtime::Generation::from(host);
  auto* const tasks = tasks_of(generation);
  if (tasks == nullptr || handler == nullptr) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    const auto added = tasks->durable().handlers().add(generation, *handler);
    return added ? mortise_status{MORTISE_OK} : to_abi(added.error(), error);
  });
}

}  // namespace

const mortise_tasks_v1& tasks_table() noexcept {
  static constexpr mortise_tasks_v1 kTable{
      .struct_size = sizeof(mortise_tasks_v1), .reserved = 0, .add = &add, .cancel = &cancel, .handle = &handle};
  return kTable;
}

}  // namespace mortise::tasks
