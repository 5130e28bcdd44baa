// A value in shared memory that is copied word by word, and once: whoever reads it may use what it got, whatever the
// other side writes meanwhile.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace mortise::isolation {

/// All zero to begin with. What orders a write before a read is the caller's: the words are relaxed.
template <class Value>
class Words {
 public:
  void store(const Value& value) noexcept {
    const auto words = std::bit_cast<std::array<std::uint32_t, kCount>>(value);
    for (std::size_t i = 0; i < kCount; ++i) words_[i].store(words[i], std::memory_order_relaxed);
  }
  [[nodiscard]] Value load() const noexcept {
    std::array<std::uint32_t, kCount> words;
    for (std::size_t i = 0; i < kCount; ++i) words[i] = words_[i].load(std::memory_order_relaxed);
    return std::bit_cast<Value>(words);
  }

 private:
  static constexpr std::size_t kWordBytes = 4;
  static constexpr std::size_t kCount = sizeof(Value) / kWordBytes;
  static_assert(sizeof(Value) % kWordBytes == 0);

  std::array<std::atomic<std::uint32_t>, kCount> words_;
};

}  // namespace mortise::isolation
