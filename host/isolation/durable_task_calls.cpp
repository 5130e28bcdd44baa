#include "isolation/durable_task_calls.hpp"

#include "isolation/calls.hpp"
#include "isolation/task_calls.hpp"
#include "isolation/task_form.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/failure.hpp"
#include "runtime/generation.hpp"

namespace mortise::isolation {

mortise_status DurableTaskCalls::begin(const mortise_tasks_v1* table, mortise_host* host,
                                       const std::vector<std::string>& names, mortise_error* error) {
  if (names.empty()) return MORTISE_OK;
  if (table == nullptr) return MORTISE_UNIMPLEMENTED;
  for (const auto& name : names) {
    auto& forwarded =
        all_.emplace_back(Forwarded{.calls = *this, .number = static_cast<std::uint32_t>(all_.size()), .host = host});
    const mortise_task_handler_v1 handler{
        .struct_size = sizeof handler, .reserved = 0, .name = runtime::to_abi(name), .self = &forwarded, .run = &run};
    if (const auto status = table->handle(host, &handler, error); status != MORTISE_OK) return status;
  }
  return MORTISE_OK;
}

/// On a thread of the host's, in a scope.
mortise_status DurableTaskCalls::run(void* self, const mortise_durable_task_v1* task, mortise_error* /*error*/) {
  const auto& handler = *static_cast<const Forwarded*>(self);
  return runtime::guarded(nullptr, [&] {
    const auto worker = handler.calls.turn_();
    if (worker == nullptr) {
      const auto& generation = runtime::Generation::from(handler.host);
      runtime::note_unbegun(generation);
      return runtime::fail_call(generation, MORTISE_UNAVAILABLE, "durable task", kWorkerIsGone);
    }
    const auto request = to_request(handler.number, *task);
    mortise_bytes reply{nullptr, 0};
    return worker->call(tasks_contract(), kRunDurableTask,
                        {reinterpret_cast<const std::uint8_t*>(request.data()), request.size()}, false, &reply);
  });
}

}  // namespace mortise::isolation
