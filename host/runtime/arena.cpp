#include "runtime/arena.hpp"

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>

namespace mortise::runtime {
namespace {

// Enough for the answers of an ordinary request, so that it never allocates.
constexpr std::uint64_t kFirstPieceBytes = std::uint64_t{16} * 1024;
constexpr std::uint64_t kLargestStepBytes = std::uint64_t{1024} * 1024;
constexpr std::uint64_t kLargestAlignment = 4096;

}  // namespace

/// The head of a piece; its bytes follow.
struct alignas(std::max_align_t) Arena::Piece {
  PiecePtr previous;
  std::uint64_t begin = 0;  // position of its first byte
  std::uint64_t size = 0;

  std::uint8_t* bytes() noexcept { return reinterpret_cast<std::uint8_t*>(this + 1); }
};

void Arena::FreePiece::operator()(Piece* piece) const noexcept {
  piece->~Piece();
  ::operator delete(piece);
}

Arena::PiecePtr& Arena::kept_piece() noexcept {
  thread_local PiecePtr kept;
  return kept;
}

Arena::~Arena() {
  while (last_) drop_last();
}

void Arena::drop_last() noexcept {
  auto piece = std::exchange(last_, std::move(last_->previous));
  taken_bytes_ -= piece->size;
  count(*piece, -static_cast<std::int64_t>(piece->size));
  if (piece->size == kFirstPieceBytes && !kept_piece()) kept_piece() = std::move(piece);
}

/// Not of the one that begins a scope, which the thread keeps anyway.
void Arena::count(const Piece& piece, std::int64_t bytes) noexcept {
  const bool is_threads_own = piece.begin == 0 && piece.size == kFirstPieceBytes;
  if (account_ != nullptr && !is_threads_own) account_->add(MemoryKind::arena, bytes);
}

Arena::PiecePtr Arena::obtain(std::uint64_t size) noexcept {
  if (size == kFirstPieceBytes && kept_piece()) return std::move(kept_piece());
  void* const memory = ::operator new(sizeof(Piece) + size, std::nothrow);
  if (memory == nullptr) return nullptr;
  PiecePtr piece(new (memory) Piece);
  piece->size = size;
  return piece;
}

void* Arena::grow(mortise_scope& scope, std::uint64_t size, std::uint64_t alignment) noexcept {
  if (alignment == 0 || alignment > kLargestAlignment || (alignment & (alignment - 1)) != 0) return nullptr;
  const std::uint64_t slack = alignment > alignof(std::max_align_t) ? alignment : 0;
  if (size > cap_bytes_ || slack > cap_bytes_ - size) return nullptr;
  const auto step = std::clamp(taken_bytes_, kFirstPieceBytes, kLargestStepBytes);
  const auto room = cap_bytes_ - taken_bytes_;
  auto wanted = std::max(size + slack, step);
  if (wanted > room) wanted = size + slack;  // a cap is reached with the last byte, not with the last step
  if (wanted > room) return nullptr;

  const auto begin = mark(scope);
  auto piece = obtain(wanted);
  if (!piece) return nullptr;
  piece->begin = begin;
  piece->previous = std::move(last_);
  last_ = std::move(piece);
  taken_bytes_ += last_->size;
  count(*last_, static_cast<std::int64_t>(last_->size));

  auto* const bytes = last_->bytes();
  const auto padding = (0 - reinterpret_cast<std::uintptr_t>(bytes)) & (alignment - 1);
  scope.arena_end = bytes + last_->size;
  scope.arena_next = bytes + padding + size;
  return bytes + padding;
}

std::uint64_t Arena::mark(const mortise_scope& scope) const noexcept {
  return last_ ? last_->begin + static_cast<std::uint64_t>(scope.arena_next - last_->bytes()) : 0;
}

void Arena::rewind(mortise_scope& scope, std::uint64_t mark) noexcept {
  while (last_ && last_->begin > mark) drop_last();
  if (!last_) return;
  scope.arena_next = last_->bytes() + std::min(mark - last_->begin, last_->size);
  scope.arena_end = last_->bytes() + last_->size;
}

}  // namespace mortise::runtime
