// What each plugin has of the host process's memory: counted as it is taken and given back, and told to whoever asks.
// Nothing is refused here: a limit that holds is a process of the plugin's own.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mortise::runtime {

enum class MemoryKind : std::uint8_t {
  heap,     // what its own code has allocated
  arena,    // of scopes that were entered for it
  buffers,  // of the edge: bodies that it has not taken yet, answers that have not been sent
};

/// In bytes.
struct MemoryUse {
  std::uint64_t heap = 0;
  std::uint64_t arena = 0;
  std::uint64_t buffers = 0;

  [[nodiscard]] std::uint64_t total() const noexcept { return heap + arena + buffers; }
};

/// One plugin's, of all its generations together: what an old one has left behind stays in sight. Any thread. Lives as
/// long as the process, as blocks may that count on it.
class MemoryAccount {
 public:
  using Number = std::uint16_t;

  /// The account under that name, which is opened at the first asking. When all numbers are taken: one that they share
  /// from there on.
  static MemoryAccount& of(std::string_view plugin);
  /// Null: nobody has that number.
  static MemoryAccount* find(Number number) noexcept;

  explicit MemoryAccount(Number number) noexcept : number_(number) {}
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;

  [[nodiscard]] Number number() const noexcept { return number_; }

  /// Negative when they are given back. A few nanoseconds.
  void add(MemoryKind kind, std::int64_t bytes) noexcept;
  /// Of a moment that is none: others go on taking meanwhile.
  [[nodiscard]] MemoryUse use() const noexcept;

 private:
  static constexpr std::size_t kKinds = 3;
  static constexpr std::size_t kStripes = 8;
  /// Threads count in different ones, so that they seldom wait for each other's; only their sum means something.
  struct alignas(64) Stripe {
    std::array<std::atomic<std::int64_t>, kKinds> bytes{};  // values on their own: relaxed
  };

  [[nodiscard]] std::uint64_t sum(MemoryKind kind) const noexcept;

  const Number number_;
  std::array<Stripe, kStripes> stripes_{};
};

/// Bytes of one buffer, which count for a plugin until this is gone or set anew. Whoever owns it keeps threads apart.
class BufferCharge {
 public:
  BufferCharge() = default;
  ~BufferCharge() { set(0); }
  BufferCharge(const BufferCharge&) = delete;
  BufferCharge& operator=(const BufferCharge&) = delete;

  /// For whom it counts from here on, nothing at first; null: for nobody.
  void bind(MemoryAccount* account) noexcept {
    set(0);
    account_ = account;
  }
  /// From here on these, and no longer what counted before. Costs a comparison where nothing changes.
  void set(std::uint64_t bytes) noexcept {
    if (bytes == bytes_ || account_ == nullptr) return;
    account_->add(MemoryKind::buffers, static_cast<std::int64_t>(bytes - bytes_));
    bytes_ = bytes;
  }

 private:
  MemoryAccount* account_ = nullptr;
  std::uint64_t bytes_ = 0;
};

}  // namespace mortise::runtime
