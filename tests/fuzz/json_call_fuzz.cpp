// A signature, a line's end, and arbitrary bytes: as the arguments in JSON of a method with it, and as its reply. What
// is taken for arguments is a reply of these types, whose JSON is taken for the same arguments.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "manifest/signature.hpp"
#include "remote/call_types.hpp"
#include "remote/json_form.hpp"

namespace {

using namespace mortise::remote;

constexpr std::size_t kMuch = std::size_t{64} << 20U;

void require(bool holds) {
  if (!holds) std::abort();
}

mortise_bytes to_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = std::min(text.find('\n'), text.size());
  const auto methods = mortise::manifest::parse_methods(text.substr(0, end));
  if (!methods) return 0;
  auto types = parse_call_types(methods->front().text);
  if (!types) return 0;
  const auto rest = text.substr(std::min(end + 1, text.size()));
  static_cast<void>(to_json(to_bytes(rest), *types, kMuch));
  const auto request = to_request(rest, *types);
  if (!request) return 0;
  require(request->size() <= 1 + 8 * rest.size());
  if (types->arguments.empty()) return 0;
  types->result = Type{.kind = Type::Kind::structure, .inner = types->arguments};
  const auto json = to_json(to_bytes(*request), *types, kMuch);
  require(json.has_value());
  const auto again = to_request(*json, *types);
  require(again.has_value() && *again == *request);
  return 0;
}
