// Memory of one scope: pieces that are filled with a bump and freed from the youngest back. The first piece of a thread
// is kept for its next scope. Invariant: addresses are handed out in rising positions, so that a position is a mark.
#pragma once

#include <mortise/abi/scope.h>

#include <cstdint>
#include <memory>

#include "runtime/memory_account.hpp"

namespace mortise::runtime {

/// Owned by its scope and used by that scope's thread alone. The bump itself is in mortise_scope, where plugins do it.
class Arena {
 public:
  /// At most `cap_bytes` are taken from the system. What is more than a thread keeps anyway is counted in `account`
  /// meanwhile; null: nowhere.
  explicit Arena(std::uint64_t cap_bytes, MemoryAccount* account = nullptr) noexcept
      : cap_bytes_(cap_bytes), account_(account) {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Begins a new piece and takes `size` bytes of it; null at the cap, or when the system has none.
  void* grow(mortise_scope& scope, std::uint64_t size, std::uint64_t alignment) noexcept;
  /// The current position.
  [[nodiscard]] std::uint64_t mark(const mortise_scope& scope) const noexcept;
  /// Frees what was taken since `mark`, a position that mark() gave.
  void rewind(mortise_scope& scope, std::uint64_t mark) noexcept;

 private:
  struct Piece;
  struct FreePiece {
    void operator()(Piece* piece) const noexcept;
  };
  using PiecePtr = std::unique_ptr<Piece, FreePiece>;

  static PiecePtr& kept_piece() noexcept;
  PiecePtr obtain(std::uint64_t size) noexcept;
  void drop_last() noexcept;
  void count(const Piece& piece, std::int64_t bytes) noexcept;

  std::uint64_t cap_bytes_;
  MemoryAccount* account_;
  std::uint64_t taken_bytes_ = 0;
  PiecePtr last_;
};

}  // namespace mortise::runtime
