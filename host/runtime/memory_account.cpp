#include "runtime/memory_account.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace mortise::runtime {
namespace {

constexpr std::size_t kMostNumber = std::numeric_limits<MemoryAccount::Number>::max();

// Released when an account is opened, acquired by who finds its number in a block. 0 is nobody's. What is not used of
// it takes no memory.
constinit std::array<std::atomic<MemoryAccount*>, kMostNumber + 1> by_number{};

/// The accounts that are open. Never destroyed: blocks are given back until the process ends.
struct Accounts {
  std::mutex mutex;
  std::map<std::string, MemoryAccount*, std::less<>> by_name;  // guarded by mutex
};

Accounts& accounts() {
  static auto* const kAccounts = std::make_unique<Accounts>().release();
  return *kAccounts;
}

std::size_t stripe_of_thread() noexcept {
  static constinit std::atomic<std::size_t> next{0};
  constinit thread_local std::size_t mine = 0;
  if (mine == 0) mine = 1 + next.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

}  // namespace

MemoryAccount& MemoryAccount::of(std::string_view plugin) {
  auto& all = accounts();
  const std::lock_guard lock(all.mutex);
  if (const auto found = all.by_name.find(plugin); found != all.by_name.end()) return *found->second;
  const auto number = static_cast<Number>(std::min(all.by_name.size() + 1, kMostNumber));
  auto& place = by_number[number];
  auto* account = place.load(std::memory_order_relaxed);
  if (account == nullptr) account = std::make_unique<MemoryAccount>(number).release();
  all.by_name.emplace(plugin, account);
  place.store(account, std::memory_order_release);
  return *account;
}

MemoryAccount* MemoryAccount::find(Number number) noexcept { return by_number[number].load(std::memory_order_acquire); }

void MemoryAccount::add(MemoryKind kind, std::int64_t bytes) noexcept {
  auto& stripe = stripes_[stripe_of_thread() % kStripes];
  stripe.bytes[static_cast<std::size_t>(kind)].fetch_add(bytes, std::memory_order_relaxed);
}

std::uint64_t MemoryAccount::sum(MemoryKind kind) const noexcept {
  std::int64_t bytes = 0;
  for (const auto& stripe : stripes_) {
    bytes += stripe.bytes[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
  }
  // What is given back may be seen before what was taken elsewhere.
  return bytes < 0 ? 0 : static_cast<std::uint64_t>(bytes);
}

MemoryUse MemoryAccount::use() const noexcept {
  return {.heap = sum(MemoryKind::heap), .arena = sum(MemoryKind::arena), .buffers = sum(MemoryKind::buffers)};
}

}  // namespace mortise::runtime
