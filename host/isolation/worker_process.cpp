#include "isolation/worker_process.hpp"

#include <sys/syscall.h>
#include <unistd.h>
#include <csignal>
#include <utility>

#include "base/message_socket.hpp"

namespace mortise::isolation {
namespace {

// For who tells of an end to do so: it has nothing else to do, but may not be let.
constexpr std::chrono::milliseconds kTold{5000};

}  // namespace

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), ending_(std::move(other.ending_)), channel_(std::move(other.channel_)) {}

WorkerProcess::~WorkerProcess() {
  if (pid_ == 0) return;
  kill();
  wait();
}

bool WorkerProcess::ends_within(std::chrono::milliseconds limit) const noexcept {
  return base::is_readable_within(ending_.get(), limit);
}

void WorkerProcess::kill() const noexcept {
  if (pid_ != 0) ::syscall(SYS_pidfd_send_signal, ending_.get(), SIGKILL, nullptr, 0);
}

base::ProcessEnd WorkerProcess::wait() {
  constexpr std::chrono::milliseconds kForEver{-1};
  static_cast<void>(ends_within(kForEver));
  auto end = base::end_of(SIGKILL);  // as waitpid() has it of who was killed so
  if (base::is_readable_within(channel_.get(), kTold)) {
    if (const auto told = base::receive_message(channel_.get())) end = base::end_of(std::stoi(told->bytes));
  }
  channel_ = base::Descriptor();
  pid_ = 0;
  return end;
}

}  // namespace mortise::isolation
