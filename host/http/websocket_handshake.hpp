// Whether a request is a sound opening handshake of a WebSocket (RFC 6455 §4.2). Not for: the answer that accepts it.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "http/request_parser.hpp"

namespace mortise::http {

struct Handshake {
  std::string key;
  std::string protocol;  // agreed on; empty: none
};

/// How a request that is none is answered; `headers` are whole lines.
struct HandshakeRefusal {
  unsigned status = 400;
  std::string_view detail;
  std::string_view headers{};
};

/// What the plugin asks of the client.
struct HandshakeTerms {
  std::string_view protocol;  // spoken when the client offers it; empty: none
  bool any_origin = false;    // pages of other sites too
};

std::variant<Handshake, HandshakeRefusal> check_handshake(const RequestHead& head, const HandshakeTerms& terms);

}  // namespace mortise::http
