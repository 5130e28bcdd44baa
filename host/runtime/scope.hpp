// The time that a thread spends inside plugins on behalf of one request, event or task. Entering costs a few stores; a
// call through a contract inside costs nothing extra, and sees the providers of the release that the cone belongs to.
#pragma once

#include <mortise/abi/scope.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

#include "runtime/arena.hpp"
#include "runtime/release.hpp"

namespace mortise::runtime {

/// Whole milliseconds from this moment to a deadline; 0 when it has passed, UINT64_MAX for max(), which is none.
[[nodiscard]] std::uint64_t time_left_ms(std::chrono::steady_clock::time_point deadline) noexcept;

/// On the stack of the thread that enters; may be nested, and then the inner one counts until it ends.
class Scope : private mortise_scope {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// In the place of a deadline, which it is: nobody waits any more for what the scope was entered for, as its client
  /// has gone.
  static constexpr Time kUnheard{};
  /// How often who waits inside a scope looks whether that has become so.
  static constexpr std::chrono::milliseconds kLook{50};

  /// `cone` stays where it is, and holds what it does, until the scope has ended; so does `deadline`, of what the scope
  /// is entered for: max() in it, or null, is none.
  explicit Scope(const ConePtr& cone, const std::atomic<Time>* deadline = nullptr) noexcept;
  explicit Scope(ConePtr&& cone, const std::atomic<Time>* deadline = nullptr) = delete;
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
  /// Calls into other processes that are under way inside one another.
  unsigned& crossings() noexcept { return crossings_; }
  /// Whether what it was entered for may have begun; false only as note_unbegun() has it (failure.hpp).
  [[nodiscard]] bool has_begun() const noexcept { return has_begun_; }
  void note_unbegun() noexcept { has_begun_ = false; }
  /// To be held by who goes on when the scope has ended.
  [[nodiscard]] const ConePtr& cone() const noexcept { return *cone_; }
  Arena& arena() noexcept { return arena_; }
  /// Of what it was entered for, or a caller's limit, whichever is sooner; max(): there is neither.
  [[nodiscard]] Time deadline() const noexcept { return std::min(limit_, own_deadline()); }
  /// For what the plugin does itself, in its database for one, which is not cut where nobody waits any more for what
  /// the scope was entered for: as deadline(), but for that.
  [[nodiscard]] Time deadline_of_own_work() const noexcept {
    return std::min(limit_, is_unheard() ? Time::max() : own_deadline());
  }
  /// What the deadline is read from, as it changes; null: there is none.
  [[nodiscard]] const std::atomic<Time>* deadline_to_read() const noexcept { return deadline_; }
  [[nodiscard]] bool is_unheard() const noexcept { return own_deadline() == kUnheard; }
  /// Whether that is a caller's limit, and not the deadline.
  [[nodiscard]] bool is_limited() const noexcept { return limit_ < own_deadline(); }
  /// Sets a limit, unless there is a sooner one. Returns what restore_limit() takes.
  Time limit(Time until) noexcept { return std::exchange(limit_, std::min(limit_, until)); }
  void restore_limit(Time former) noexcept { limit_ = former; }

 private:
  [[nodiscard]] Time own_deadline() const noexcept {
    return deadline_ == nullptr ? Time::max() : deadline_->load(std::memory_order_relaxed);
  }
  mortise_scope* outer_;
  const ConePtr* cone_;
  unsigned crossings_ = 0;
  bool has_begun_ = true;
  const std::atomic<Time>* deadline_;  // a value on its own: relaxed
  Time limit_ = Time::max();
  Arena arena_;
};

/// A limit on a scope while it lives: for calls that another process makes in it.
class ScopeLimit {
 public:
  ScopeLimit(Scope& scope, Scope::Time until) noexcept : scope_(scope), former_(scope.limit(until)) {}
  ~ScopeLimit() { scope_.restore_limit(former_); }
  ScopeLimit(const ScopeLimit&) = delete;
  ScopeLimit& operator=(const ScopeLimit&) = delete;

 private:
  Scope& scope_;
  const Scope::Time former_;
};

/// Why what the scope's thread has called is given up at its deadline.
[[nodiscard]] std::string_view what_has_passed(const Scope& scope) noexcept;

}  // namespace mortise::runtime
