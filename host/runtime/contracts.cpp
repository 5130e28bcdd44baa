#include "runtime/contracts.hpp"

#include <array>
#include <memory>
#include <utility>

#include "runtime/binder.hpp"
#include "runtime/contracts_table.hpp"

namespace mortise::runtime {

std::span<const Offer> Contracts::offers() noexcept {
  static const std::array kOffers{Offer{MORTISE_CONTRACTS_V1, &contracts_table()}};
  return kOffers;
}

const void* Contracts::interface(std::string_view id) const noexcept { return find_offer(offers(), id); }

base::Result<void> Contracts::initialised(const Generation& generation) { return registry_.check_complete(generation); }

std::vector<Service::Conflict> Contracts::check(std::span<const GenerationPtr> next) {
  Binder binder(registry_, next);
  binder.bind();
  return binder.conflicts();
}

Contracts::Built Contracts::build(std::uint64_t number, std::span<const GenerationPtr> generations) const {
  Binder binder(registry_, generations);
  binder.bind();
  auto release = std::make_shared<Release>(number);
  for (const auto& generation : generations) {
    release->add(std::make_shared<const Cone>(Cone{.release = number,
                                                   .entry = generation,
                                                   .reached = binder.reached_from(generation),
                                                   .bindings = binder.table(),
                                                   .arena_max_bytes = arena_max_bytes_}));
  }
  return {.release = std::move(release), .remarks = binder.remarks()};
}

}  // namespace mortise::runtime
