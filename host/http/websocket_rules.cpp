#include "http/websocket_rules.hpp"

#include "runtime/abi_values.hpp"

namespace mortise::http {
namespace {

bool may_be_sent(std::uint32_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1013) || (code >= 3000 && code <= 4999);
}

}  // namespace

bool are_sound(const mortise_websocket_handlers_v1* handlers) noexcept {
  return handlers != nullptr && handlers->struct_size >= sizeof(mortise_websocket_handlers_v1) &&
         (handlers->flags & ~MORTISE_WEBSOCKET_ANY_ORIGIN) == 0 && handlers->on_message != nullptr &&
         handlers->on_close != nullptr;
}

HandshakeTerms terms_of(const mortise_websocket_handlers_v1& handlers) noexcept {
  return {.protocol = runtime::to_view(handlers.protocol),
          .any_origin = (handlers.flags & MORTISE_WEBSOCKET_ANY_ORIGIN) != 0};
}

bool can_close_with(std::uint32_t code, std::string_view reason) noexcept {
  return may_be_sent(code) && reason.size() <= kMostReasonBytes;
}

}  // namespace mortise::http
