#include "runtime/release.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <utility>

#include "runtime/generation.hpp"
#include "runtime/reach.hpp"
#include "telemetry/log.hpp"

namespace mortise::runtime {
namespace {

/// Stands where any method's function would, whatever that takes and returns: it never looks at its arguments.
[[noreturn]] void call_after_reclaim() {
  telemetry::log(telemetry::Level::error, "runtime", "call through the bindings of a reclaimed release",
                 {{"reason",
                   "a scope was used after its end, and its providers may be gone; the plugin must not keep a "
                   "scope or its bindings beyond the request"}});
  std::abort();
}

/// What a reclaimed slot leads to: a contract with more methods than anybody has, all of them the one above, and a list
/// with that as its only provider.
constexpr auto kReclaimed = [] {
  std::array<ContractMethod, 256> methods{};
  methods.fill({.function = &call_after_reclaim, .self = nullptr});
  return methods;
}();
constexpr mortise_provider kReclaimedProvider{
    .contract = &kReclaimed, .name = {.data = "reclaimed", .size = 9}, .rank = 0, .reserved = 0};
constexpr mortise_providers kReclaimedProviders{.count = 1, .items = &kReclaimedProvider};

// Through volatile, or the compiler would drop stores to memory that is about to be freed.
void poison(const void*& binding, const void* with) noexcept { *const_cast<const void* volatile*>(&binding) = with; }

}  // namespace

BindingTable::~BindingTable() {
  for (auto& binding : bindings_) poison(binding, &kReclaimed);
  for (const auto& [slot, list] : lists_) poison(bindings_[slot], &kReclaimedProviders);
}

BindingTable::BindingTable(std::uint32_t size, const BindingTable& other)
    : bindings_(other.bindings_), lists_(other.lists_), contracts_(other.contracts_) {
  if (size > bindings_.size()) bindings_.resize(size, nullptr);
}

void BindingTable::bind(std::uint32_t slot, std::shared_ptr<const void> contract) {
  bindings_[slot] = contract.get();
  if (contract.use_count() > 0) contracts_.insert_or_assign(slot, std::move(contract));
}

void BindingTable::bind_all(std::uint32_t slot, std::vector<mortise_provider> providers,
                            std::vector<std::shared_ptr<const void>> contracts) {
  const auto list =
      std::make_shared<List>(List{.items = std::move(providers), .contracts = std::move(contracts), .table = {}});
  list->table = {.count = list->items.size(), .items = list->items.data()};
  bindings_[slot] = &list->table;
  lists_.insert_or_assign(slot, list);
}

void BindingTable::clear(std::uint32_t slot) {
  bindings_[slot] = nullptr;
  lists_.erase(slot);
  contracts_.erase(slot);
}

std::uint64_t NumberOfEntry::operator()(const ConePtr& cone) const noexcept { return cone->entry->number(); }

bool Cone::reaches(const Generation& generation) const noexcept {
  if (entry.get() == &generation) return true;
  const auto found = std::lower_bound(
      reached->begin(), reached->end(), &generation,
      [](const auto& one, const auto* wanted) { return std::less<const Generation*>()(one.get(), wanted); });
  return found != reached->end() && found->get() == &generation;
}

}  // namespace mortise::runtime
