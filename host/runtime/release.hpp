// A release: which generations run together, and whose contract each slot is bound to. Immutable. Its cones are what is
// held, each by those who entered at one plugin: a handler that is stuck in a plugin that cannot reach P, through
// whatever chain of contracts, never keeps P's former generations from being retired.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <vector>

#include <mortise/abi/scope.h>

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

  void bind(std::uint32_t slot, const void* contract) { bindings_[slot] = contract; }
  /// Binds a slot to all of them, in this order. The names' memory is the generations'.
  void bind_all(std::uint32_t slot, std::vector<mortise_provider> providers);

  [[nodiscard]] const void* const* data() const noexcept { return bindings_.data(); }
  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(bindings_.size()); }

 private:
  struct List {
    std::uint32_t slot;
    std::vector<mortise_provider> items;
    mortise_providers table;
  };
  std::pmr::vector<const void*> bindings_;
  std::deque<List> lists_;
};

/// Generations in the order of their addresses. Releases share a list that has not changed between them.
using Reached = std::shared_ptr<const std::vector<GenerationPtr>>;

/// One plugin of a release and all that it can reach there: holding it keeps these generations alive, and no others.
struct Cone {
  std::uint64_t release = 0;
  GenerationPtr entry{};
  Reached reached = std::make_shared<Reached::element_type>();  // by the entry, through contracts; without it
  std::shared_ptr<const BindingTable> bindings{};
  std::uint64_t arena_max_bytes = 0;

  [[nodiscard]] bool reaches(const Generation& generation) const noexcept;
};

/// Immutable once built; any thread.
class Release {
 public:
  explicit Release(std::uint64_t number) : number_(number) {}

  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  /// The eldest generation first.
  [[nodiscard]] const std::vector<ConePtr>& cones() const noexcept { return cones_; }

  /// For the builder alone.
  void add(ConePtr cone) { cones_.push_back(std::move(cone)); }

 private:
  std::uint64_t number_;
  std::vector<ConePtr> cones_;
};

}  // namespace mortise::runtime
