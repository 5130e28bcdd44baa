// The bytes that a connection has received and not used yet. Invariant: views of them stay valid until make_room(),
// remove() or clear().
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace mortise::http {

/// A value; one thread at a time.
class InputBuffer {
 public:
  InputBuffer() : memory_(kSmall) {}

  [[nodiscard]] std::string_view view() const noexcept { return {memory_.data() + begin_, end_ - begin_}; }
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] bool is_empty() const noexcept { return begin_ == end_; }

  /// Where to receive to, behind what is there; may be empty. Then tell add().
  [[nodiscard]] std::span<char> room() noexcept { return {memory_.data() + end_, memory_.size() - end_}; }
  void add(std::size_t size) noexcept { end_ += size; }
  /// Room for at least so much. Moves what is there to the front.
  void make_room(std::size_t size);

  /// Takes bytes off the front.
  void drop(std::size_t size) noexcept { begin_ += size; }
  /// Takes `size` bytes out that stand behind the first `offset`; what is behind them moves up.
  void remove(std::size_t offset, std::size_t size) noexcept;
  /// Empty again, and as small as at first.
  void clear();

  static constexpr std::size_t kSmall = 4096;

 private:
  std::vector<char> memory_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace mortise::http
