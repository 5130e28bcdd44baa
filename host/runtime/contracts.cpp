#include "runtime/contracts.hpp"

#include <array>
#include <memory>
#include <utility>

#include "runtime/contracts_table.hpp"

namespace mortise::runtime {

std::span<const Offer> Contracts::offers() noexcept {
  static const std::array kOffers{Offer{MORTISE_CONTRACTS_V1, &contracts_table()}};
  return kOffers;
}

const void* Contracts::interface(std::string_view id) const noexcept { return find_offer(offers(), id); }

base::Result<void> Contracts::initialised(const Generation& generation) { return registry_.check_complete(generation); }

std::vector<Service::Conflict> Contracts::check(std::span<const GenerationPtr> next) {
  const std::lock_guard lock(mutex_);
  return binder_.resolve(next).conflicts;
}

void Contracts::forget(const Generation& generation) {
  const std::lock_guard lock(mutex_);
  binder_.forget(generation);
  registry_.forget(generation);
}

Contracts::Built Contracts::build(std::uint64_t number, std::span<const GenerationPtr> generations) {
  const std::lock_guard lock(mutex_);
  const auto bounds = binder_.resolve(generations).bounds;
  const auto table = make_table(bounds);
  const auto reached = reach_.find(generations, bounds);
  auto release = std::make_shared<Release>(number);
  std::vector<std::string> remarks;
  for (std::size_t i = 0; i < generations.size(); ++i) {
    release->add(std::make_shared<const Cone>(Cone{.release = number,
                                                   .entry = generations[i],
                                                   .reached = reached[i],
                                                   .bindings = table,
                                                   .arena_max_bytes = arena_max_bytes_}));
    if (bounds[i]) remarks.insert(remarks.end(), bounds[i]->remarks.begin(), bounds[i]->remarks.end());
  }
  return {.release = std::move(release), .remarks = std::move(remarks)};
}

}  // namespace mortise::runtime
