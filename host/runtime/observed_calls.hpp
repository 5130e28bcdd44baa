// Calls between plugins, counted while somebody wants to know: per consumer, provider and contract, for each method.
// Plugins are known by their names, so that the counts go on when one of them is replaced meanwhile.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace mortise::runtime {

/// What has come of the calls of one method. Any thread adds, whoever asks reads. Plain counts, which order nothing and
/// publish nothing: relaxed. On a line of its own, as others count the next method.
class alignas(64) MethodCounts {
 public:
  using Duration = std::chrono::steady_clock::duration;

  /// `taken`: with all that was called meanwhile.
  void note(bool has_failed, Duration taken, std::uint64_t request_bytes, std::uint64_t reply_bytes) noexcept {
    calls_.fetch_add(1, std::memory_order_relaxed);
    if (has_failed) failures_.fetch_add(1, std::memory_order_relaxed);
    taken_.fetch_add(static_cast<std::uint64_t>(taken.count()), std::memory_order_relaxed);
    request_bytes_.fetch_add(request_bytes, std::memory_order_relaxed);
    reply_bytes_.fetch_add(reply_bytes, std::memory_order_relaxed);
  }

  [[nodiscard]] std::uint64_t calls() const noexcept { return calls_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_.load(std::memory_order_relaxed); }
  [[nodiscard]] Duration taken() const noexcept {
    return Duration(static_cast<Duration::rep>(taken_.load(std::memory_order_relaxed)));
  }
  [[nodiscard]] std::uint64_t request_bytes() const noexcept { return request_bytes_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t reply_bytes() const noexcept { return reply_bytes_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> request_bytes_{0};
  std::atomic<std::uint64_t> reply_bytes_{0};
};
/// By the method's number.
using CallCounts = std::vector<MethodCounts>;

/// Who calls whom, and by which contract.
struct CallPair {
  std::string consumer;
  std::string provider;
  std::string contract;  // "boutique.currency/1"
  auto operator<=>(const CallPair&) const = default;
};

/// What came of the calls of a pair; for people.
struct ObservedPair {
  struct Method {
    std::string name;
    std::uint64_t calls = 0;     // that have returned
    std::uint64_t failures = 0;  // of these
    std::chrono::nanoseconds taken{0};
    std::uint64_t request_bytes = 0;  // in the contract's binary form
    std::uint64_t reply_bytes = 0;
  };
  CallPair pair;
  std::vector<Method> methods;  // that were called
};
struct UnobservedPair {
  CallPair pair;
  std::string reason;  // what to do included
};

/// Of one observation. The release thread binds, and so finds counts, which then live as long as a binding leads there;
/// any thread may ask.
class ObservedCalls {
 public:
  /// For the calls of that pair by these methods; the same as before where there were such.
  std::shared_ptr<CallCounts> counts_of(const CallPair& pair, const std::vector<std::string>& methods);
  /// Nobody counts the calls of this pair.
  void note_unobserved(const CallPair& pair, std::string reason);

  /// As of this moment; of pairs that have called.
  [[nodiscard]] std::vector<ObservedPair> report() const;
  [[nodiscard]] std::vector<UnobservedPair> unobserved() const;

 private:
  mutable std::mutex mutex_;
  // A consumer that was built with a longer list of methods has counts of its own. Guarded by mutex_.
  std::map<std::pair<CallPair, std::vector<std::string>>, std::shared_ptr<CallCounts>> counts_;
  std::map<CallPair, std::string> unobserved_;  // guarded by mutex_
};

}  // namespace mortise::runtime
