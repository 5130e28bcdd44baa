// A release: which generations run together, and whose contract each slot is bound to. Immutable. Its cones are what is
// held, each by those who entered at one plugin: a handler that is stuck in a plugin that cannot reach P, through
// whatever chain of contracts, never keeps P's former generations from being retired.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <vector>

#include <mortise/abi/scope.h>

#include "base/persistent_set.hpp"
#include "runtime/memory_account.hpp"
#include "runtime/service.hpp"

namespace mortise::runtime {

/// By slot, what a scope's thread finds there. Built by one thread, then immutable; overwritten when the last cone has
/// gone: while that memory is not in use for something else, a call through a scope that outlives its hold aborts the
/// process with the reason in the log, instead of entering what used to be there.
class BindingTable {
 public:
  /// `memory` outlives it, and whoever reads what it leaves there.
  explicit BindingTable(std::uint32_t size, std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : bindings_(size, nullptr, memory) {}
  ~BindingTable();
  BindingTable(const BindingTable&) = delete;
  BindingTable& operator=(const BindingTable&) = delete;

  /// As `other` is, and at least as large as `size`. For what is to differ in little.
  BindingTable(std::uint32_t size, const BindingTable& other);

  void bind(std::uint32_t slot, const void* contract) { bindings_[slot] = contract; }
  /// To what lives as long as tables lead there.
  void bind(std::uint32_t slot, std::shared_ptr<const void> contract);
  /// Binds a slot to all of them, in this order. The names' memory is the generations'; `contracts` are what is to live
  /// as long as tables lead there.
  void bind_all(std::uint32_t slot, std::vector<mortise_provider> providers,
                std::vector<std::shared_ptr<const void>> contracts = {});
  /// As if it had not been bound.
  void clear(std::uint32_t slot);

  [[nodiscard]] const void* const* data() const noexcept { return bindings_.data(); }
  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(bindings_.size()); }

 private:
  struct List {
    std::vector<mortise_provider> items;
    std::vector<std::shared_ptr<const void>> contracts;
    mortise_providers table;
  };
  std::pmr::vector<const void*> bindings_;
  std::map<std::uint32_t, std::shared_ptr<const List>> lists_;      // by slot; tables share them
  std::map<std::uint32_t, std::shared_ptr<const void>> contracts_;  // by slot, where they are not the generations'
};

/// Generations in the order of their addresses. Cones share a list that has not changed between them.
using Reached = std::shared_ptr<const std::vector<GenerationPtr>>;

/// One plugin of a release and all that it can reach there: holding it keeps these generations alive, and no others.
/// Releases share one in which nothing has changed between them; then its bindings are those of the eldest, which lead
/// the entry, and all that it can reach, to the same providers.
struct Cone {
  GenerationPtr entry{};
  Reached reached = std::make_shared<Reached::element_type>();  // by the entry, through contracts; without it
  std::shared_ptr<const BindingTable> bindings{};
  std::uint64_t arena_max_bytes = 0;
  MemoryAccount* memory = nullptr;  // the entry's; null: nobody counts

  [[nodiscard]] bool reaches(const Generation& generation) const noexcept;
};

struct NumberOfEntry {
  std::uint64_t operator()(const ConePtr& cone) const noexcept;
};
/// One for each generation, the eldest first.
using ConeSet = base::PersistentSet<ConePtr, NumberOfEntry>;

/// Immutable; any thread.
class Release {
 public:
  /// `bindings`: of all cones together.
  Release(std::uint64_t number, ConeSet cones, std::shared_ptr<const BindingTable> bindings = nullptr)
      : number_(number), cones_(std::move(cones)), bindings_(std::move(bindings)) {}

  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] const ConeSet& cones() const noexcept { return cones_; }
  [[nodiscard]] const std::shared_ptr<const BindingTable>& bindings() const noexcept { return bindings_; }

 private:
  std::uint64_t number_;
  ConeSet cones_;
  std::shared_ptr<const BindingTable> bindings_;
};

}  // namespace mortise::runtime
