// One method of a contract, as it answers to HTTP. Its callers are other hosts, who send and get the contract's binary
// form, and whoever else speaks HTTP, in JSON.
#pragma once

#include <mortise/abi/http.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "manifest/signature.hpp"
#include "remote/call_types.hpp"
#include "runtime/contract_registry.hpp"
#include "runtime/generation.hpp"

namespace mortise::remote {

/// What the `self` of a route is; lives as long as the generation's routes. Immutable; any thread.
class ExposedMethod {
 public:
  /// `provision` has a channel; its generation outlives this.
  ExposedMethod(const runtime::Generation& generation, const runtime::Provision& provision,
                const manifest::MethodSignature& signature, std::uint32_t number);

  /// Of a route of the plugin, and so in a scope of its. [in-scope]
  static mortise_status handle(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                               mortise_error* error);

 private:
  struct Asked;

  void answer(const Asked& asked) const;
  void answer_call(const Asked& asked, mortise_bytes request) const;
  void answer_json(const Asked& asked) const;
  void answer_failure(const Asked& asked, mortise_status status) const;
  [[nodiscard]] bool is_own_failure(std::string_view context) const;

  const runtime::Generation& generation_;
  const std::string title_;  // "boutique.currency/1 convert"
  const std::uint32_t number_;
  const std::optional<CallTypes> types_;  // none: there is no JSON for them
  const mortise_channel_v1& channel_;
  const std::shared_ptr<const runtime::DispatchChannel> dispatch_;  // what channel_ is of, where that is here
};

}  // namespace mortise::remote
