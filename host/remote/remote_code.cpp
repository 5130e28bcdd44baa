#include "remote/remote_code.hpp"

#include <algorithm>
#include <new>

#include "runtime/abi_values.hpp"
#include "runtime/contracts.hpp"
#include "runtime/contracts_table.hpp"
#include "runtime/failure.hpp"
#include "runtime/scope.hpp"
#include "telemetry/log.hpp"

namespace mortise::remote {
namespace {

using runtime::to_abi;
using runtime::to_view;

}  // namespace

RemoteCode::RemoteCode(const runtime::GenerationSpec& spec)
    : plugin_{.struct_size = sizeof(mortise_plugin_v1),
              .reserved = 0,
              .init = &init,
              .stop = nullptr,
              .destroy = [](void*) {},
              .get_interface = nullptr},
      endpoint_(spec.remote, {}) {}

mortise_status RemoteCode::init(const mortise_host_v1* host, void** self, mortise_error* error) {
  // The table's function has nobody else to ask whose init it is.
  const auto& generation = runtime::Generation::from(host->host);
  auto& code = static_cast<RemoteCode&>(generation.code());
  *self = &code;
  return runtime::guarded(error, [&] { return code.begin(generation, error); });
}

mortise_status RemoteCode::begin(const runtime::Generation& generation, mortise_error* error) {
  auto* const contracts = dynamic_cast<runtime::Contracts*>(generation.service_of(MORTISE_CONTRACTS_V1));
  if (contracts == nullptr) return MORTISE_UNIMPLEMENTED;
  const auto& manifest = *generation.spec().manifest;
  for (const auto& provided : manifest.provides) {
    auto& contract = contracts_.emplace_back();
    contract.code = this;
    contract.generation = &generation;
    contract.title = provided.contract;
    for (const auto& method : manifest.methods_of(provided.contract)) {
      contract.methods.push_back({.name = provided.contract + " " + method.name,
                                  .path = "/contracts/" + provided.contract + "/" + method.name,
                                  .is_idempotent = method.is_idempotent});
    }
    contract.channel = {.struct_size = sizeof(mortise_channel_v1),
                        .reserved = 0,
                        .self = &contract,
                        .call = &RemoteCode::call,
                        .reserve = nullptr};
    const auto methods = manifest::to_text(manifest.methods_of(provided.contract));
    const mortise_provision_v1 provision{.struct_size = sizeof provision,
                                         .reserved = 0,
                                         .contract = to_abi(provided.contract),
                                         .methods = to_abi(methods),
                                         .name = to_abi(provided.name),
                                         .provided = nullptr,
                                         .dispatch = nullptr};
    const auto added = contracts->registry().provide_elsewhere(generation, provision, &contract.channel);
    if (!added) return to_abi(added.error(), error);
  }
  return MORTISE_OK;
}

mortise_status RemoteCode::call(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply) {
  const auto& contract = *static_cast<const Contract*>(self);
  const auto& methods = contract.methods;
  if (method >= methods.size()) {
    return runtime::fail_call(*contract.generation, MORTISE_UNIMPLEMENTED, contract.title, "there is no such method");
  }
  try {
    return contract.code->call(contract, methods[method], request, *reply);
  } catch (const std::bad_alloc&) {
    return MORTISE_RESOURCE_EXHAUSTED;
  }
}

mortise_status RemoteCode::call(const Contract& contract, const Method& method, mortise_bytes request,
                                mortise_bytes& reply) {
  auto* const scope = runtime::Scope::current();
  if (scope == nullptr) return MORTISE_FAILED_PRECONDITION;
  const auto* const log = telemetry::LogScope::current();
  const auto answer = endpoint_.call({.path = method.path,
                                      .request = to_view(request),
                                      .is_idempotent = method.is_idempotent,
                                      .deadline = scope->deadline(),
                                      .watched = scope->deadline_to_read(),
                                      .is_limited = scope->is_limited(),
                                      .request_id = log == nullptr ? std::string_view() : log->request_id,
                                      .trace = log == nullptr ? nullptr : log->trace,
                                      .most_reply_bytes = scope->cone()->arena_max_bytes});
  if (answer.status != MORTISE_OK) {
    if (!answer.has_arrived) runtime::note_unbegun(*contract.generation);
    // The other host's plugin has named itself in the context.
    return answer.context.empty()
               ? runtime::fail_call(*contract.generation, answer.status, method.name, answer.text)
               : runtime::take_failure(*contract.generation, answer.status, answer.text, answer.context);
  }
  auto* const copy = static_cast<std::uint8_t*>(mortise_arena_allocate(
      &runtime::contracts_table(), &scope->table(), std::max<std::uint64_t>(answer.text.size(), 1), 1));
  if (copy == nullptr) {
    return runtime::fail_call(*contract.generation, MORTISE_RESOURCE_EXHAUSTED, method.name,
                              "the arena has no room for the reply; raise arena_max_bytes");
  }
  std::copy(answer.text.begin(), answer.text.end(), copy);
  reply = {copy, answer.text.size()};
  return MORTISE_OK;
}

}  // namespace mortise::remote
