// A plugin that provides and requires one contract, and both sides of the way to it in one process.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isolation/bindings.hpp"
#include "isolation/contract_calls.hpp"
#include "isolation/contract_crew.hpp"
#include "isolation/remote_contracts.hpp"
#include "isolation/remote_tasks.hpp"
#include "manifest/signature.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/contracts_table.hpp"
#include "runtime/failure.hpp"
#include "runtime/scope.hpp"

namespace mortise::isolation::testing {

inline mortise_bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string text_of(mortise_bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data), static_cast<std::size_t>(bytes.size)};
}
/// In the thread's scope.
inline mortise_bytes keep(std::string_view text) {
  auto* const memory = static_cast<std::uint8_t*>(mortise_arena_allocate(
      &runtime::contracts_table(), &runtime::Scope::current()->table(), std::max<std::size_t>(text.size(), 1), 1));
  if (memory == nullptr) return {nullptr, 0};
  if (!text.empty()) std::memcpy(memory, text.data(), text.size());
  return {memory, text.size()};
}

/// "zoo.relay/1" as consumers have it: both methods pass bytes on as they are.
struct Relay {
  struct Method {
    mortise_status (*call)(void* self, mortise_bytes request, mortise_bytes* reply);
    void* self;
  };
  Method relay;

  static void fill_proxy(void* contract, const mortise_channel_v1* channel) {
    static_cast<Relay*>(contract)->relay = {[](void* self, mortise_bytes request, mortise_bytes* reply) {
                                              const auto& to = *static_cast<const mortise_channel_v1*>(self);
                                              return to.call(to.self, 0, request, reply);
                                            },
                                            const_cast<mortise_channel_v1*>(channel)};
  }
};

/// Somebody's way to answer.
using Answer = std::function<mortise_status(std::uint32_t method, mortise_bytes request, mortise_bytes* reply)>;

/// A channel that leads to it.
class AnswerChannel {
 public:
  explicit AnswerChannel(Answer answer) : answer_(std::move(answer)) {
    channel_ = {.struct_size = sizeof channel_, .reserved = 0, .self = this, .call = &call, .reserve = nullptr};
  }
  AnswerChannel(const AnswerChannel&) = delete;
  AnswerChannel& operator=(const AnswerChannel&) = delete;
  [[nodiscard]] const mortise_channel_v1& channel() const { return channel_; }

 private:
  static mortise_status call(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply) {
    return static_cast<AnswerChannel*>(self)->answer_(method, request, reply);
  }
  mortise_channel_v1 channel_{};
  Answer answer_;
};

/// The manifest of a plugin that provides zoo.relay/1 and requires zoo.others/1, all of it too.
inline std::shared_ptr<const manifest::Manifest> make_relay_manifest() {
  manifest::Manifest manifest;
  manifest.name = "relay";
  manifest.version = manifest::Version::parse("1.0.0").value();
  const auto methods = manifest::parse_methods("relay(bytes)->bytes").value();
  for (const auto* const contract : {"zoo.relay/1", "zoo.others/1"}) manifest.contracts[contract] = methods;
  manifest.provides.push_back({});
  manifest.provides.back().contract = "zoo.relay/1";
  manifest.provides.back().name = "relay";
  for (const bool all : {false, true}) {
    auto& required = manifest.requires_.emplace_back();
    required.contract = "zoo.others/1";
    required.all = all;
    required.optional = true;
  }
  return std::make_shared<const manifest::Manifest>(std::move(manifest));
}

inline runtime::GenerationPtr make_relay_generation() {
  runtime::GenerationSpec spec;
  spec.manifest = make_relay_manifest();
  return std::make_shared<runtime::Generation>(1, std::move(spec), std::span<runtime::Service* const>());
}

}  // namespace mortise::isolation::testing
