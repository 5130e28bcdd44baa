#include "remote/exposed_contracts.hpp"

#include <memory>
#include <string>

#include "http/route_registry.hpp"
#include "remote/call_headers.hpp"
#include "remote/exposed_method.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"

namespace mortise::remote {
namespace {

using base::Error;
using base::ErrorCode;
using runtime::Generation;
using runtime::Provision;

// Larger requests are refused with 413; an ordinary body's limit is for what people send.
constexpr std::uint64_t kMaxRequestBytes = std::uint64_t{16} << 20U;

/// Of several under different names the one with the highest rank, as for consumers that ask for none by name.
const Provision* find_provision(const runtime::Registered* registered, const std::string& contract) {
  const Provision* best = nullptr;
  if (registered == nullptr) return best;
  for (const auto& one : registered->provisions) {
    if (one.declared->contract != contract) continue;
    if (best == nullptr || one.declared->rank > best->declared->rank) best = &one;
  }
  return best;
}

Error refuse(const Generation& generation, const std::string& contract, const std::string& why) {
  return {ErrorCode::failed_precondition, "contract " + contract + " cannot be exposed: " + why +
                                              "; take it out of `expose` in plugins.d/" + generation.name() + ".json"};
}

base::Result<void> add_routes(http::RouteRegistry& routes, const Generation& generation, const Provision& provision) {
  const auto& contract = provision.declared->contract;
  std::uint32_t number = 0;
  for (const auto& method : generation.spec().manifest->methods_of(contract)) {
    auto exposed = std::make_shared<ExposedMethod>(generation, provision, method, number++);
    const auto pattern = "/contracts/" + contract + "/" + method.name;
    const mortise_http_route_v1 route{.struct_size = sizeof route,
                                      .flags = MORTISE_HTTP_ROUTE_BLOCKING,
                                      .method = runtime::to_abi("POST"),
                                      .pattern = runtime::to_abi(pattern),
                                      .body_limit_bytes = kMaxRequestBytes,
                                      .self = exposed.get(),
                                      .handle = &ExposedMethod::handle,
                                      .deadline_ms = 0,
                                      .reserved = 0};
    if (auto added = routes.add(generation, route, kDeadlineHeader); !added) {
      return refuse(generation, contract, added.error().message);
    }
    routes.keep(generation, std::move(exposed));
  }
  return {};
}

}  // namespace

base::Result<void> ExposedContracts::initialised(const Generation& generation) {
  const auto& exposed = generation.spec().exposed;
  if (exposed.empty()) return {};
  auto* const routes = http::RouteRegistry::of(generation);
  if (routes == nullptr) return Error{ErrorCode::unimplemented, "contracts are exposed by hosts that serve HTTP alone"};
  const auto* const registered = registry_.find(generation);
  for (const auto& contract : exposed) {
    const auto* const provision = find_provision(registered, contract);
    if (provision == nullptr) return refuse(generation, contract, "the plugin does not provide it");
    if (provision->channel == nullptr) {
      return refuse(generation, contract,
                    "the plugin has no `dispatch` for it, which reads calls that come as bytes (abi/contracts.h)");
    }
    if (auto added = add_routes(*routes, generation, *provision); !added) return added;
  }
  return {};
}

}  // namespace mortise::remote
