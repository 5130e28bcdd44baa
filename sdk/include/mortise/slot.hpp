// A consumer's side of a contract: what ctx.require<C>() and its kin return. A slot is an index into the bindings of
// the calling thread's scope, so that each request, through its whole graph of calls, sees one release's providers.
#pragma once

#include <mortise/abi/contracts.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include <mortise/contract.hpp>
#include <mortise/scope.hpp>

namespace mortise {
namespace detail {

/// What the calling thread's scope binds a slot to. Throws outside any scope.
inline const void* binding(std::uint32_t slot) {
  const auto* scope = linked_scope();
  if (scope == nullptr) [[unlikely]]
    throw_no_scope();
  return scope->bindings[slot];
}

}  // namespace detail

/// A required contract: `currency->convert(price, "EUR")`. Copied freely; valid as long as the plugin. since 1.0
template <class C>
class Slot {
 public:
  explicit constexpr Slot(std::uint32_t index) noexcept : index_(index) {}

  /// The provider's methods; valid until the scope ends. Throws `failed_precondition` outside any scope. [in-scope]
  const C* operator->() const { return static_cast<const C*>(detail::binding(index_)); }
  const C& operator*() const { return *operator->(); }

 private:
  std::uint32_t index_;
};

/// An optionally required contract: `if (auto* greeting = slot.get()) greeting->greet(name)`. since 1.0
template <class C>
class OptionalSlot {
 public:
  explicit constexpr OptionalSlot(std::uint32_t index) noexcept : index_(index) {}

  /// The provider's methods, or null while nobody provides the contract; does not change within a scope. Throws
  /// `failed_precondition` outside any scope. [in-scope]
  [[nodiscard]] const C* get() const { return static_cast<const C*>(detail::binding(index_)); }

 private:
  std::uint32_t index_;
};

/// One provider among several.
template <class C>
class Provider {
 public:
  explicit Provider(const mortise_provider& raw) noexcept : raw_(&raw) {}
  const C* operator->() const noexcept { return static_cast<const C*>(raw_->contract); }
  [[nodiscard]] std::string_view name() const noexcept { return detail::view(raw_->name); }
  [[nodiscard]] std::int32_t rank() const noexcept { return raw_->rank; }

 private:
  const mortise_provider* raw_;
};

/// The providers of one scope, the highest rank first: `for (auto provider : slots.get()) provider->quote(parcel)`.
template <class C>
class Providers {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Provider<C>;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Provider<C>;
    explicit Iterator(const mortise_provider* at) noexcept : at_(at) {}
    Provider<C> operator*() const noexcept { return Provider<C>(*at_); }
    Iterator& operator++() noexcept {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator& other) const = default;

   private:
    const mortise_provider* at_;
  };

  explicit Providers(const mortise_providers& raw) noexcept : raw_(&raw) {}
  [[nodiscard]] Iterator begin() const noexcept { return Iterator(raw_->items); }
  [[nodiscard]] Iterator end() const noexcept { return Iterator(raw_->items + raw_->count); }
  [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(raw_->count); }
  [[nodiscard]] bool empty() const noexcept { return raw_->count == 0; }

 private:
  const mortise_providers* raw_;
};

/// Every provider of a contract. since 1.0
template <class C>
class SlotRange {
 public:
  explicit constexpr SlotRange(std::uint32_t index) noexcept : index_(index) {}

  /// Valid until the scope ends; may be empty. Throws `failed_precondition` outside any scope. [in-scope]
  [[nodiscard]] Providers<C> get() const {
    return Providers<C>(*static_cast<const mortise_providers*>(detail::binding(index_)));
  }

 private:
  std::uint32_t index_;
};

}  // namespace mortise
