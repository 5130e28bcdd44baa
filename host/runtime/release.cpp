#include "runtime/release.hpp"

#include <algorithm>
#include <utility>

namespace mortise::runtime {
namespace {

// Not canonical on any processor that we know: following it faults.
const void* poison() noexcept {
  return reinterpret_cast<const void*>(std::uintptr_t{0xdeadbeefdeadbeef});  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace

BindingTable::~BindingTable() {
  // Through volatile, or the compiler would drop stores to memory that is about to be freed.
  for (auto& binding : bindings_) *const_cast<const void* volatile*>(&binding) = poison();
}

void BindingTable::bind_all(std::uint32_t slot, std::vector<mortise_provider> providers) {
  auto& list = lists_.emplace_back(List{.items = std::move(providers), .table = {}});
  list.table = {.count = list.items.size(), .items = list.items.data()};
  bindings_[slot] = &list.table;
}

bool Cone::reaches(const Generation& generation) const noexcept {
  const auto is_it = [&](const GenerationPtr& one) { return one.get() == &generation; };
  return is_it(entry) || std::any_of(reached.begin(), reached.end(), is_it);
}

}  // namespace mortise::runtime
