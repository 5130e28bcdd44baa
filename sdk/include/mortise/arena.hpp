// Memory for what a method returns. It comes from the scope's arena: taken with a bump, freed all at once when the
// scope ends, so that neither side keeps count of it.
#pragma once

#include <mortise/abi/contracts.h>

#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include <mortise/error.hpp>
#include <mortise/scope.hpp>
#include <mortise/values.hpp>

namespace mortise {
namespace detail {

[[noreturn, gnu::cold, gnu::noinline]] inline void throw_arena_full(std::uint64_t size) {
  throw Error(Status::resource_exhausted,
              "the scope's arena is at its cap and has no " + std::to_string(size) +
                  " bytes left; free earlier with mortise::ArenaScope in long loops, or raise arena_max_bytes");
}

inline void* arena_allocate(std::uint64_t size, std::uint64_t alignment) {
  auto& scope = require_scope();
  void* memory = mortise_arena_allocate(contracts_link.contracts, &scope, size, alignment);
  if (memory == nullptr) [[unlikely]]
    throw_arena_full(size);
  return memory;
}

}  // namespace detail

/// Room for `count` values in the scope's arena, default-initialised. Throws `resource_exhausted` at the arena's cap.
/// since 1.0 [in-scope]
template <class T>
std::span<T> arena_array(std::size_t count) {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>,
                "nothing in the arena is destroyed");
  if (count == 0) return {};
  if (count > SIZE_MAX / sizeof(T)) detail::throw_arena_full(UINT64_MAX);
  auto* const values = static_cast<T*>(detail::arena_allocate(count * sizeof(T), alignof(T)));
  std::uninitialized_default_construct_n(values, count);
  return {values, count};
}

/// A copy in the scope's arena, to be returned from a method. since 1.0 [in-scope]
inline Str copy(std::string_view text) {
  if (text.empty()) return {};
  auto* const memory = static_cast<char*>(detail::arena_allocate(text.size(), 1));
  std::memcpy(memory, text.data(), text.size());
  return std::string_view(memory, text.size());
}
/// The values are copied; what they point to is not. since 1.0 [in-scope]
template <class T>
List<T> copy(std::span<const T> values) {
  const auto copied = arena_array<T>(values.size());
  if (!values.empty()) std::memcpy(static_cast<void*>(copied.data()), values.data(), values.size_bytes());
  return std::span<const T>(copied);
}

namespace detail {

/// Gives back to the scope what throw_failure() took from it, for the host's log, when a failure leaves the plugin.
/// Where the arena has no room for the texts, it goes without them: it must not become another failure.
[[gnu::cold, gnu::noinline]] inline void hand_back(const Error& failure) noexcept {
  auto* const scope = current_scope();
  if (scope == nullptr) return;
  scope->failure = {static_cast<mortise_status>(failure.status()), 0, {}, {}};
  try {
    scope->failure.message = borrow(copy(failure.what()));
    scope->failure.context = borrow(copy(failure.context()));
  } catch (const std::exception&) {
    return;
  }
}

}  // namespace detail

/// Frees what was taken from the arena between its birth and its end, on this thread: for long loops whose calls return
/// texts or lists. Results of calls made inside must not be used after it. since 1.0 [in-scope]
class ArenaScope {
 public:
  ArenaScope() : scope_(detail::require_scope()), mark_(detail::contracts_link.contracts->arena_mark(&scope_)) {}
  ~ArenaScope() { detail::contracts_link.contracts->arena_rewind(&scope_, mark_); }
  ArenaScope(const ArenaScope&) = delete;
  ArenaScope& operator=(const ArenaScope&) = delete;

 private:
  mortise_scope& scope_;
  std::uint64_t mark_;
};

}  // namespace mortise
