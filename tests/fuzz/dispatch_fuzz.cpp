// Arbitrary bytes as a call of a contract that has every type: refused as an invalid argument, or answered. What a
// method that returns its argument answers is the request itself, for each value has one form.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "../unit/sdk/every_type.hpp"
#include "../unit/sdk/fake_contracts.hpp"

namespace {

using namespace mortise;
using namespace mortise::sdk_testing;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr std::uint32_t kConvert = 1;
constexpr std::uint32_t kNothing = 13;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static Echo echo;
  static const auto contract = detail::bind_contract<EveryType>(echo);
  link_contracts();
  FakeScope scope;
  const std::uint32_t method = data[0] % (detail::DescriptionOf<EveryType>::kMethodCount + 1);
  const std::vector<std::uint8_t> request(data + 1, data + size);
  mortise_bytes reply{};
  const auto status = detail::dispatch<EveryType>(&contract, method, {request.data(), request.size()}, &reply);
  if (status != MORTISE_OK) {
    require(status == MORTISE_INVALID_ARGUMENT && scope.raw().failure.status == status);
    return 0;
  }
  require(method <= kNothing);
  if (method == kConvert || method == kNothing) return 0;
  require(reply.size == request.size() && std::memcmp(reply.data, request.data(), request.size()) == 0);
  return 0;
}
