#include "runtime/scope.hpp"

namespace mortise::runtime {
namespace {

// Plugins read it through its offset from the thread pointer. The one fast thread-local of this folder.
constinit thread_local mortise_scope* current_table = nullptr;

}  // namespace

Scope::Scope(const Cone& cone) noexcept
    : mortise_scope{.struct_size = sizeof(mortise_scope),
                    .binding_count = cone.bindings->size(),
                    .bindings = cone.bindings->data(),
                    .arena_next = nullptr,
                    .arena_end = nullptr,
                    .failure = {}},
      outer_(current_table),
      arena_(cone.arena_max_bytes) {
  current_table = this;
}

Scope::~Scope() { current_table = outer_; }

Scope* Scope::current() noexcept { return current_table == nullptr ? nullptr : &from(*current_table); }

std::int64_t Scope::offset() noexcept {
  return reinterpret_cast<char*>(&current_table) - static_cast<char*>(__builtin_thread_pointer());
}

}  // namespace mortise::runtime
