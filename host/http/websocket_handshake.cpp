#include "http/websocket_handshake.hpp"

#include <algorithm>
#include <boost/beast/http/rfc7230.hpp>
#include <optional>

#include "base/strings.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::http {
namespace {

using runtime::to_view;

constexpr std::string_view kUpgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";

/// Nothing when the header is absent or given twice.
std::optional<std::string_view> only(const RequestHead& head, std::string_view name) {
  std::optional<std::string_view> value;
  for (const auto& field : head.headers) {
    if (!base::equals_ignoring_case(to_view(field.name), name)) continue;
    if (value) return std::nullopt;
    value = to_view(field.value);
  }
  return value;
}

/// Whether a header that is a list, over all its lines, has `token`; without regard to case.
bool lists(const RequestHead& head, std::string_view name, std::string_view token) {
  return std::any_of(head.headers.begin(), head.headers.end(), [&](const mortise_http_field& field) {
    return base::equals_ignoring_case(to_view(field.name), name) &&
           boost::beast::http::token_list(boost::beast::string_view(field.value.data, field.value.size))
               .exists({token.data(), token.size()});
  });
}

/// 16 bytes in base64.
bool is_key(std::string_view text) {
  const auto is_base64 = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return text.size() == 24 && text.ends_with("==") && std::all_of(text.begin(), text.end() - 2, is_base64);
}

/// "example.org" of "https://example.org" and of "example.org:443" beside it.
std::string_view without_default_port(std::string_view authority, std::string_view scheme) {
  const std::string_view port = base::equals_ignoring_case(scheme, "https") ? ":443" : ":80";
  return authority.ends_with(port) ? authority.substr(0, authority.size() - port.size()) : authority;
}

/// Programs send no Origin; browsers always do, and "null" from where they will not say.
bool is_from_here(const RequestHead& head) {
  const auto is_origin = [](const mortise_http_field& field) {
    return base::equals_ignoring_case(to_view(field.name), "Origin");
  };
  if (std::none_of(head.headers.begin(), head.headers.end(), is_origin)) return true;
  const auto origin = only(head, "Origin");
  const auto host = only(head, "Host");
  if (!origin || !host) return false;
  const auto mark = origin->find("://");
  if (mark == std::string_view::npos) return false;
  const auto scheme = origin->substr(0, mark);
  return base::equals_ignoring_case(without_default_port(origin->substr(mark + 3), scheme),
                                    without_default_port(*host, scheme));
}

}  // namespace

std::variant<Handshake, HandshakeRefusal> check_handshake(const RequestHead& head, const HandshakeTerms& terms) {
  if (head.method != "GET" || head.is_http_1_0 || !lists(head, "Connection", "upgrade") ||
      !lists(head, "Upgrade", "websocket")) {
    return HandshakeRefusal{
        .status = 426, .detail = "this path is a WebSocket: ask for an upgrade", .headers = kUpgrade};
  }
  if (only(head, "Sec-WebSocket-Version") != "13") {
    return HandshakeRefusal{
        .status = 426, .detail = "the only WebSocket version spoken here is 13", .headers = kUpgrade};
  }
  const auto key = only(head, "Sec-WebSocket-Key");
  if (!key || !is_key(*key)) {
    return HandshakeRefusal{.detail = "exactly one Sec-WebSocket-Key of 16 bytes in base64 is needed"};
  }
  if (!terms.any_origin && !is_from_here(head)) {
    return HandshakeRefusal{.status = 403, .detail = "pages of other sites may not open this WebSocket"};
  }
  const bool is_agreed = !terms.protocol.empty() && lists(head, "Sec-WebSocket-Protocol", terms.protocol);
  return Handshake{.key = std::string(*key), .protocol = std::string(is_agreed ? terms.protocol : "")};
}

}  // namespace mortise::http
