// The time that a thread spends inside plugins on behalf of one request, event or task. Entering costs a few stores; a
// call through a contract inside costs nothing extra, and sees the providers of the release that the cone belongs to.
#pragma once

#include <mortise/abi/scope.h>

#include <cstdint>

#include "runtime/arena.hpp"
#include "runtime/release.hpp"

namespace mortise::runtime {

/// On the stack of the thread that enters; may be nested, and then the inner one counts until it ends.
class Scope : private mortise_scope {
 public:
  /// `cone` is held by the caller until the scope has ended.
  explicit Scope(const Cone& cone) noexcept;
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  /// The calling thread's innermost scope, or null.
  static Scope* current() noexcept;
  /// The scope behind the struct that plugins see.
  static Scope& from(mortise_scope& table) noexcept { return static_cast<Scope&>(table); }
  /// From a thread's thread pointer to where its current scope is kept; the same for every thread.
  static std::int64_t offset() noexcept;

  mortise_scope& table() noexcept { return *this; }
  Arena& arena() noexcept { return arena_; }

 private:
  mortise_scope* outer_;
  Arena arena_;
};

}  // namespace mortise::runtime
