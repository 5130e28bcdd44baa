// The least that a call between two processes can take: one word of shared memory goes to and fro between two cores,
// with both sides awake, or with both asleep. And what memory lets pass in 64 KiB pieces. Prints nanoseconds.
// Usage: bench_ping_pong awake|asleep|copy CORE CORE (that of who asks, and that of who answers)
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

#include "../batches.hpp"

namespace {

using Clock = std::chrono::steady_clock;

struct Shared {
  alignas(64) std::atomic<std::uint32_t> turn;
};

constexpr std::size_t kBatches = 800;
constexpr std::size_t kAwake = 250;  // in each
constexpr std::size_t kCopies = 25;  // in each
constexpr std::size_t kAsleep = 500;
constexpr std::uint32_t kPing = 1;
constexpr std::uint32_t kPong = 0;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "bench_ping_pong: %s: %s\n", what, std::strerror(errno));
  _exit(1);
}

void pin_to(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  if (sched_setaffinity(0, sizeof cores, &cores) != 0) fail("cannot move to its core");
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

[[noreturn]] void answer_awake(Shared& shared) {
  for (std::size_t i = 0; i < kBatches * kAwake; ++i) {
    wait_awake(shared, kPing);
    give(shared, kPong, false);
  }
  _exit(0);
}

[[noreturn]] void answer_asleep(Shared& shared) {
  for (std::size_t i = 0; i < kAsleep; ++i) {
    wait_asleep(shared, kPing);
    give(shared, kPong, true);
  }
  _exit(0);
}

double awake_ns(Shared& shared) {
  return bench::median_ns(kBatches, kAwake, [&] {
    give(shared, kPing, false);
    wait_awake(shared, kPong);
  });
}

double asleep_ns(Shared& shared) {
  std::vector<double> took(kAsleep);
  for (auto& one : took) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const auto begin = Clock::now();
    give(shared, kPing, true);
    wait_asleep(shared, kPong);
    one = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
  }
  std::nth_element(took.begin(), took.begin() + kAsleep / 2, took.end());
  return took[kAsleep / 2];
}

/// Source and target lie half a page apart from where their low address bits would be the same, which slows copies
/// down.
double copy_ns() {
  constexpr std::size_t kSize = 65536;
  std::vector<char> memory(2 * kSize + 2048, 'f');
  char* const to = memory.data() + kSize + 2048;
  return bench::median_ns(kBatches, kCopies, [&] {
    std::memcpy(to, memory.data(), kSize);
    asm volatile("" : : "r"(to) : "memory");
  });
}

/// With one process on each core.
double between(int asking, int answering, double (*ask)(Shared&), void (*answer)(Shared&)) {
  pin_to(asking);
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  const auto child = memory == MAP_FAILED ? -1 : fork();
  if (child < 0) fail("cannot share memory with a process of its own");
  auto& shared = *static_cast<Shared*>(memory);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pin_to(answering);
    answer(shared);
  }
  const auto took = ask(shared);
  waitpid(child, nullptr, 0);
  return took;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc == 4 ? argv[1] : "";
  double ns = 0;
  if (what == "awake") {
    ns = between(std::atoi(argv[2]), std::atoi(argv[3]), &awake_ns, &answer_awake);
  } else if (what == "asleep") {
    ns = between(std::atoi(argv[2]), std::atoi(argv[3]), &asleep_ns, &answer_asleep);
  } else if (what == "copy") {
    pin_to(std::atoi(argv[2]));
    ns = copy_ns();
  } else {
    std::fputs("usage: bench_ping_pong awake|asleep|copy CORE CORE\n", stderr);
    return 2;
  }
  std::printf("%.1f\n", ns);
  return 0;
}
