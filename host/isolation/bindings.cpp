#include "isolation/bindings.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "isolation/remote_contracts.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"

namespace mortise::isolation {
namespace {

// Releases that requests are inside of at a time: whoever comes later is described anew.
constexpr std::size_t kMostKnown = 8;

/// Reads what BindingsWriter has written: the worker trusts its host.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::uint32_t number() {
    std::uint32_t number = 0;
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
    return number;
  }
  std::string_view text() { return take(number()); }

 private:
  std::string_view take(std::size_t size) {
    const auto taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view bytes_;
};

}  // namespace

void BindingsWriter::add(std::uint32_t number) { bytes_.append(reinterpret_cast<const char*>(&number), sizeof number); }

void BindingsWriter::add_all(std::span<const mortise_provider> providers) {
  add(static_cast<std::uint32_t>(providers.size()));
  for (const auto& provider : providers) {
    add(static_cast<std::uint32_t>(provider.rank));
    add(static_cast<std::uint32_t>(provider.name.size));
    bytes_.append(runtime::to_view(provider.name));
  }
}

/// A channel of the plugin's, and the proxy that calls over it.
struct Bindings::Way {
  RemoteContracts& contracts;
  std::uint32_t requirement = 0;
  std::uint32_t provider = 0;
  std::string name{};
  mortise_channel_v1 channel{};
  std::shared_ptr<const void> proxy{};

  static mortise_status carry(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply) {
    const auto& way = *static_cast<Way*>(self);
    return way.contracts.call(way.requirement, way.provider, method, request, reply);
  }
  static std::uint8_t* reserve(void* self, std::uint64_t size) {
    return static_cast<Way*>(self)->contracts.reserve(size);
  }
};

Bindings::Bindings(runtime::GenerationPtr generation, const runtime::Registered& registered, RemoteContracts& contracts,
                   std::uint64_t arena_max_bytes)
    : generation_(std::move(generation)),
      registered_(registered),
      contracts_(contracts),
      arena_max_bytes_(arena_max_bytes) {}

runtime::ConePtr Bindings::find(std::string_view described) {
  const std::lock_guard lock(mutex_);
  for (auto known = known_.begin(); known != known_.end(); ++known) {
    if (known->described != described) continue;
    known_.splice(known_.begin(), known_, known);
    return known->cone;
  }
  known_.push_front({.described = std::string(described), .cone = make(described)});
  if (known_.size() > kMostKnown) known_.pop_back();
  return known_.front().cone;
}

std::shared_ptr<Bindings::Way> Bindings::make_way(const runtime::Requirement& requirement, std::uint32_t number,
                                                  std::uint32_t provider, std::string_view name) const {
  auto way = std::make_shared<Way>(
      Way{.contracts = contracts_, .requirement = number, .provider = provider, .name = std::string(name)});
  way->channel = {.struct_size = sizeof(mortise_channel_v1),
                  .reserved = 0,
                  .self = way.get(),
                  .call = &Way::carry,
                  .reserve = &Way::reserve};
  way->proxy = requirement.proxy.make_proxy(way->channel);
  return way;
}

runtime::ConePtr Bindings::make(std::string_view described) const {
  const auto& requirements = registered_.requirements;
  std::uint32_t slots = 0;
  for (const auto& requirement : requirements) slots = std::max(slots, requirement.slot + 1);
  auto table = std::make_shared<runtime::BindingTable>(slots);
  Reader reader(described);
  for (std::uint32_t number = 0; number < requirements.size(); ++number) {
    const auto& requirement = requirements[number];
    const auto count = reader.number();
    if (!requirement.declared->all) {
      if (count == 0) continue;
      const auto way = make_way(requirement, number, 0, {});
      table->bind(requirement.slot, std::shared_ptr<const void>(way, way->proxy.get()));
      continue;
    }
    std::vector<mortise_provider> providers;
    std::vector<std::shared_ptr<const void>> ways;
    for (std::uint32_t provider = 0; provider < count; ++provider) {
      const auto rank = static_cast<std::int32_t>(reader.number());
      const auto way = make_way(requirement, number, provider, reader.text());
      providers.push_back(
          {.contract = way->proxy.get(), .name = runtime::to_abi(way->name), .rank = rank, .reserved = 0});
      ways.push_back(way);
    }
    table->bind_all(requirement.slot, std::move(providers), std::move(ways));
  }
  return std::make_shared<const runtime::Cone>(runtime::Cone{.entry = generation_,
                                                             .bindings = std::move(table),
                                                             .arena_max_bytes = arena_max_bytes_,
                                                             .memory = &generation_->memory()});
}

}  // namespace mortise::isolation
