// Plugins of which one, or both, are in another process, as far as bindings know of that: who provides has a channel,
// who requires has a proxy.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "contract_fixture.hpp"

namespace mortise::runtime::testing {

inline mortise_status stamp_over(void* self, std::uint64_t* result) {
  const auto& channel = *static_cast<const mortise_channel_v1*>(self);
  mortise_bytes reply{nullptr, 0};
  const auto status = channel.call(channel.self, 0, {nullptr, 0}, &reply);
  if (status == MORTISE_OK) std::memcpy(result, reply.data, sizeof *result);
  return status;
}

inline void fill_proxy(void* contract, const mortise_channel_v1* channel) {
  static_cast<StampContract*>(contract)->stamp = {&stamp_over, const_cast<mortise_channel_v1*>(channel)};
}

inline mortise_requirement_v1 requirement_of(void (*fill)(void*, const mortise_channel_v1*), std::uint32_t flags = 0) {
  return {.struct_size = sizeof(mortise_requirement_v1),
          .flags = flags,
          .contract = str("zoo.stamp/1"),
          .methods = str(kMethods),
          .provider = {},
          .fill_proxy = fill};
}

inline mortise_provision_v1 provision_of(const void* provided, decltype(mortise_provision_v1::dispatch) dispatch) {
  return {.struct_size = sizeof(mortise_provision_v1),
          .reserved = 0,
          .contract = str("zoo.stamp/1"),
          .methods = str(kMethods),
          .name = {},
          .provided = provided,
          .dispatch = dispatch};
}

/// A process that says a number.
struct Elsewhere {
  std::uint64_t number = 0;
  mortise_channel_v1 channel{
      .struct_size = sizeof(mortise_channel_v1),
      .reserved = 0,
      .self = this,
      .call =
          [](void* self, std::uint32_t, mortise_bytes, mortise_bytes* reply) {
            *reply = {reinterpret_cast<const std::uint8_t*>(&static_cast<Elsewhere*>(self)->number), sizeof number};
            return MORTISE_OK;
          },
      .reserve = nullptr};
};

class ReachTest : public ContractTest {
 protected:
  GenerationPtr make_provider_elsewhere(const std::string& name, const mortise_channel_v1* channel) {
    auto provider = make_unregistered(PluginSpec(name).provides("zoo.stamp", nullptr));
    EXPECT_TRUE(contracts_.registry().provide_elsewhere(*provider, provision_of(nullptr, nullptr), channel));
    return provider;
  }
  GenerationPtr make_consumer(const mortise_requirement_v1& requirement, std::uint32_t& slot,
                              PluginSpec::Wish wish = {}) {
    auto consumer = make_unregistered(PluginSpec("consumer").requires_("zoo.stamp", std::move(wish)));
    slot = contracts_.registry().require(*consumer, requirement).value();
    return consumer;
  }
  static std::uint64_t call(const void* contract) {
    std::uint64_t result = 0;
    const auto& stamp = static_cast<const StampContract*>(contract)->stamp;
    EXPECT_EQ(stamp.call(stamp.self, &result), MORTISE_OK);
    return result;
  }

  Elsewhere elsewhere_{.number = 42};
  Elsewhere other_{.number = 43};
};

}  // namespace mortise::runtime::testing
