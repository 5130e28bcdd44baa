#include "runtime/scope.hpp"

namespace mortise::runtime {
namespace {

// Plugins read it through its offset from the thread pointer. The one fast thread-local of this folder.
constinit thread_local mortise_scope* current_table = nullptr;

}  // namespace

std::uint64_t time_left_ms(std::chrono::steady_clock::time_point deadline) noexcept {
  if (deadline == std::chrono::steady_clock::time_point::max()) return UINT64_MAX;
  const auto left = deadline - std::chrono::steady_clock::now();
  if (left.count() <= 0) return 0;
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(left).count());
}

Scope::Scope(const ConePtr& cone, const std::atomic<Time>* deadline) noexcept
    : mortise_scope{.struct_size = sizeof(mortise_scope),
                    .binding_count = cone->bindings->size(),
                    .bindings = cone->bindings->data(),
                    .arena_next = nullptr,
                    .arena_end = nullptr,
                    .failure = {}},
      outer_(current_table),
      cone_(&cone),
      deadline_(deadline),
      arena_(cone->arena_max_bytes, cone->memory) {
  current_table = this;
}

Scope::~Scope() { current_table = outer_; }

Scope* Scope::current() noexcept { return current_table == nullptr ? nullptr : &from(*current_table); }

std::int64_t Scope::offset() noexcept {
  return reinterpret_cast<char*>(&current_table) - static_cast<char*>(__builtin_thread_pointer());
}

std::string_view what_has_passed(const Scope& scope) noexcept {
  return scope.is_limited() ? "the time that its caller gives it is over, before the request's deadline"
                            : "the deadline of the request has passed";
}

}  // namespace mortise::runtime
