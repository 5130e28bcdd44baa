#include "cli/crossing_cost.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <functional>
#include <new>
#include <string>
#include <system_error>

#include "isolation/futex.hpp"

namespace mortise::cli {
namespace {

using base::Error;
using base::ErrorCode;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kRounds = 5;
constexpr std::chrono::milliseconds kRound{30};
constexpr unsigned kWarmUp = 100;
constexpr std::size_t kRequestBytes = 320;
constexpr std::size_t kAnswerBytes = 200;

Error fail(const std::string& what) {
  return {ErrorCode::unavailable, "cannot measure what a call between processes costs: " + what + ": " +
                                      std::generic_category().message(errno)};
}

/// The other side: a fork that runs nothing but `serve`, which does not return, until it is killed.
class Partner {
 public:
  explicit Partner(const std::function<void()>& serve) : pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve();
    ::_exit(0);
  }
  ~Partner() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Partner(const Partner&) = delete;
  Partner& operator=(const Partner&) = delete;

  [[nodiscard]] bool is_there() const noexcept { return pid_ > 0; }
  /// Of the processor, up to now.
  [[nodiscard]] double used_us() const noexcept {
    clockid_t clock{};
    return ::clock_getcpuclockid(pid_, &clock) == 0 ? read_us(clock) : 0;
  }
  static double read_us(clockid_t clock) noexcept {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
  }

 private:
  pid_t pid_;
};

double median(std::array<double, kRounds> values) {
  std::sort(values.begin(), values.end());
  return values[kRounds / 2];
}

/// `call` returns false when there is no partner any more.
base::Result<CrossingCost> measure(const Partner& partner, const std::function<bool()>& call) {
  const auto used_us = [&] { return Partner::read_us(CLOCK_THREAD_CPUTIME_ID) + partner.used_us(); };
  for (unsigned i = 0; i < kWarmUp; ++i) {
    if (!call()) return fail("the other process is gone");
  }
  std::array<double, kRounds> wall{};
  std::array<double, kRounds> processor{};
  for (std::size_t round = 0; round < kRounds; ++round) {
    unsigned calls = 0;
    const auto used = used_us();
    const auto begin = Clock::now();
    auto now = begin;
    for (; now < begin + kRound; now = Clock::now(), ++calls) {
      if (!call()) return fail("the other process is gone");
    }
    wall[round] = std::chrono::duration<double, std::micro>(now - begin).count() / calls;
    processor[round] = (used_us() - used) / calls;
  }
  return CrossingCost{.wall_us = median(wall), .processor_us = median(processor)};
}

/// Whose turn it is. Acquired and released by both sides as memory that goes with it would be.
using Turn = std::atomic<std::uint32_t>;

void pass_turn(Turn& turn, std::uint32_t to) {
  turn.store(to, std::memory_order_release);
  isolation::futex_wake(turn, 1);
}

void wait_for_turn(const Turn& turn, std::uint32_t own, std::uint32_t others) {
  while (turn.load(std::memory_order_acquire) != own) isolation::futex_wait(turn, others);
}

base::Result<CrossingCost> measure_isolated() {
  constexpr std::uint32_t kOurs = 0;
  constexpr std::uint32_t kTheirs = 1;
  auto* const memory = ::mmap(nullptr, sizeof(Turn), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail("mmap");
  auto& turn = *::new (memory) Turn(kOurs);
  auto measured = [&]() -> base::Result<CrossingCost> {
    const Partner partner([&] {
      for (;;) {
        wait_for_turn(turn, kTheirs, kOurs);
        pass_turn(turn, kOurs);
      }
    });
    if (!partner.is_there()) return fail("fork");
    return measure(partner, [&] {
      pass_turn(turn, kTheirs);
      wait_for_turn(turn, kOurs, kTheirs);
      return true;
    });
  }();
  ::munmap(memory, sizeof(Turn));
  return measured;
}

/// Closed with its owner.
class Socket {
 public:
  explicit Socket(int descriptor) noexcept : descriptor_(descriptor) {
    const int is_on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &is_on, sizeof is_on);
  }
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  [[nodiscard]] int get() const noexcept { return descriptor_; }
  template <std::size_t size>
  [[nodiscard]] bool send(const std::array<char, size>& bytes) const {
    return ::send(descriptor_, bytes.data(), size, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
  }
  template <std::size_t size>
  [[nodiscard]] bool receive(std::array<char, size>& bytes) const {
    return ::recv(descriptor_, bytes.data(), size, MSG_WAITALL) == static_cast<ssize_t>(size);
  }

 private:
  int descriptor_;
};

int new_socket() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

base::Result<CrossingCost> measure_remote() {
  const Socket listening(new_socket());
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::bind(listening.get(), any, size) != 0 || ::listen(listening.get(), 1) != 0 ||
      ::getsockname(listening.get(), any, &size) != 0) {
    return fail("a socket on the loopback address");
  }
  const Socket ours(new_socket());
  if (::connect(ours.get(), any, size) != 0) return fail("a connection to the loopback address");
  const Socket theirs(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::array<char, kRequestBytes> request{};
  std::array<char, kAnswerBytes> answer{};
  const Partner partner([&] {
    while (theirs.receive(request) && theirs.send(answer)) {
    }
  });
  if (!partner.is_there()) return fail("fork");
  return measure(partner, [&] { return ours.send(request) && ours.receive(answer); });
}

}  // namespace

base::Result<CrossingCosts> measure_crossings() {
  const auto isolated = measure_isolated();
  if (!isolated) return isolated.error();
  const auto remote = measure_remote();
  if (!remote) return remote.error();
  return CrossingCosts{.isolated = *isolated, .remote = *remote};
}

}  // namespace mortise::cli
