// The least that a call between two processes can take: one word of shared memory goes to and fro between two cores,
// with both sides awake, and with both asleep. And what memory lets pass in 64 KiB pieces. Prints JSON.
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Shared {
  alignas(64) std::atomic<std::uint32_t> turn;
};

constexpr int kAwake = 1'000'000;
constexpr int kAsleep = 1'000;
constexpr std::uint32_t kPing = 1;
constexpr std::uint32_t kPong = 0;

void pin_to(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  sched_setaffinity(0, sizeof cores, &cores);
}

void wait_awake(Shared& shared, std::uint32_t wanted) {
  while (shared.turn.load(std::memory_order_acquire) != wanted) continue;
}

void wait_asleep(Shared& shared, std::uint32_t wanted) {
  for (auto seen = shared.turn.load(); seen != wanted; seen = shared.turn.load()) {
    syscall(SYS_futex, &shared.turn, FUTEX_WAIT, seen, nullptr, nullptr, 0);
  }
}

void give(Shared& shared, std::uint32_t turn, bool is_asleep) {
  shared.turn.store(turn);
  if (is_asleep) syscall(SYS_futex, &shared.turn, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

[[noreturn]] void answer(Shared& shared) {
  pin_to(1);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int i = 0; i < kAwake; ++i) {
    wait_awake(shared, kPing);
    give(shared, kPong, false);
  }
  for (int i = 0; i < kAsleep; ++i) {
    wait_asleep(shared, kPing);
    give(shared, kPong, true);
  }
  _exit(0);
}

double ns_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
}

double awake_ns(Shared& shared) {
  const auto begin = Clock::now();
  for (int i = 0; i < kAwake; ++i) {
    give(shared, kPing, false);
    wait_awake(shared, kPong);
  }
  return ns_since(begin) / kAwake;
}

double asleep_ns(Shared& shared) {
  std::vector<double> took(kAsleep);
  for (auto& one : took) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const auto begin = Clock::now();
    give(shared, kPing, true);
    wait_asleep(shared, kPong);
    one = ns_since(begin);
  }
  std::nth_element(took.begin(), took.begin() + kAsleep / 2, took.end());
  return took[kAsleep / 2];
}

/// Source and target lie half a page apart from where their low address bits would be the same, which slows copies
/// down.
double copy_ns(std::size_t size) {
  constexpr int kCopies = 20'000;
  std::vector<char> memory(2 * size + 2048, 'f');
  char* const to = memory.data() + size + 2048;
  const auto begin = Clock::now();
  for (int i = 0; i < kCopies; ++i) {
    std::memcpy(to, memory.data(), size);
    asm volatile("" : : "r"(to) : "memory");
  }
  return ns_since(begin) / kCopies;
}

}  // namespace

int main() {
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  auto& shared = *static_cast<Shared*>(memory);
  const auto child = fork();
  if (child < 0) return 1;
  if (child == 0) answer(shared);
  pin_to(0);
  const auto awake = awake_ns(shared);
  const auto asleep = asleep_ns(shared);
  waitpid(child, nullptr, 0);
  std::printf("{\"awake_ns\": %.1f, \"asleep_ns\": %.1f, \"copy_64k_ns\": %.1f}\n", awake, asleep, copy_ns(65536));
  return 0;
}
