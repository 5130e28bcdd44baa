#include "telemetry/code_owners.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

namespace mortise::telemetry {
namespace {

/// Text of a slot; a longer one is cut.
template <std::size_t Size>
struct Text {
  std::array<char, Size> data{};
  std::size_t size = 0;

  void set(std::string_view text) {
    size = std::min(text.size(), data.size());
    std::memcpy(data.data(), text.data(), size);
  }
  [[nodiscard]] std::string_view view() const { return {data.data(), std::min(size, data.size())}; }
};

}  // namespace

struct CodeOwner::Slot {
  std::uintptr_t begin = 0;
  Text<64> plugin;
  Text<24> generation;
  Text<64> sha256;
  // Not 0 while the slot is taken. Released when the others are written; acquired by find().
  std::atomic<std::uintptr_t> end{0};
  Slot* next_free = nullptr;  // guarded by the table's mutex
};

struct CodeOwner::Table {
  static constexpr std::size_t kSlots = 64;
  struct Chunk {
    std::array<Slot, kSlots> slots;
    Chunk* next = nullptr;
  };
  std::mutex mutex;
  Slot* free = nullptr;  // guarded by mutex
  // Released when a chunk is whole; acquired by find(). Chunks stay for ever: a handler may be looking at them.
  std::atomic<Chunk*> chunks{nullptr};

  Slot* take() {
    const std::lock_guard lock(mutex);
    if (free == nullptr) grow();
    return std::exchange(free, free->next_free);
  }
  void give_back(Slot* slot) {
    slot->end.store(0, std::memory_order_relaxed);
    const std::lock_guard lock(mutex);
    slot->next_free = std::exchange(free, slot);
  }

 private:
  void grow() {
    auto* chunk = std::make_unique<Chunk>().release();
    for (auto& slot : chunk->slots) slot.next_free = std::exchange(free, &slot);
    chunk->next = chunks.load(std::memory_order_relaxed);
    chunks.store(chunk, std::memory_order_release);
  }
};

CodeOwner::Table& CodeOwner::table() noexcept {
  constinit static Table table;
  return table;
}

CodeOwner::CodeOwner(base::CodeRange code, std::string_view plugin, std::string_view generation,
                     std::string_view sha256)
    : slot_(table().take()) {
  slot_->begin = code.begin;
  slot_->plugin.set(plugin);
  slot_->generation.set(generation);
  slot_->sha256.set(sha256);
  slot_->end.store(code.end, std::memory_order_release);
}

CodeOwner::~CodeOwner() { table().give_back(slot_); }

template <class Matches>
std::optional<CodeOwner::Names> CodeOwner::find_slot(const Matches& matches) noexcept {
  for (const auto* chunk = table().chunks.load(std::memory_order_acquire); chunk != nullptr; chunk = chunk->next) {
    for (const auto& slot : chunk->slots) {
      const auto end = slot.end.load(std::memory_order_acquire);
      if (end != 0 && matches(slot, end)) return Names{slot.plugin.view(), slot.generation.view(), slot.sha256.view()};
    }
  }
  return std::nullopt;
}

std::optional<CodeOwner::Names> CodeOwner::find(std::uintptr_t address) noexcept {
  return find_slot([&](const Slot& slot, std::uintptr_t end) { return address < end && address >= slot.begin; });
}

std::optional<CodeOwner::Names> CodeOwner::find(std::string_view plugin, std::string_view generation) noexcept {
  return find_slot([&](const Slot& slot, std::uintptr_t /*end*/) {
    return slot.plugin.view() == plugin && slot.generation.view() == generation;
  });
}

}  // namespace mortise::telemetry
