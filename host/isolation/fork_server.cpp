#include "isolation/fork_server.hpp"

#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include "base/message_socket.hpp"
#include "base/spawn.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {
namespace {

using base::Error;
using base::ErrorCode;

// For its own start, and one fork, on a machine that has other things to do.
constexpr std::chrono::milliseconds kAnswerLimit{10000};

}  // namespace

ForkServer::~ForkServer() { end(); }

base::Result<WorkerProcess> ForkServer::start_worker(int talk, int area, int wake) {
  // Twice: where it has ended since the last worker was started, only asking shows that.
  for (const bool is_last : {false, true}) {
    pid_t asked = 0;
    base::Descriptor channel;
    {
      const std::lock_guard lock(mutex_);
      auto sent = ask(talk, area, wake);
      if (!sent) return sent.error();
      channel = std::move(*sent);
      asked = pid_;
    }
    if (!base::is_readable_within(channel.get(), kAnswerLimit)) {
      note_silence(asked);
      return Error{ErrorCode::unavailable, "the process that starts workers does not answer"};
    }
    auto answer = base::receive_message(channel.get());
    if (answer && !answer->descriptors.empty()) {
      note_answer(asked);
      return WorkerProcess(std::stoi(answer->bytes), std::move(answer->descriptors.front()), std::move(channel));
    }
    if (answer) return Error{ErrorCode::unavailable, "cannot start a worker: " + answer->bytes};
    if (is_last) break;
    note_end(asked);
  }
  return Error{ErrorCode::unavailable, "the process that starts workers ends, or there are no descriptors left for it"};
}

/// From the executable that runs, whatever lies at its path by then.
base::Result<void> ForkServer::begin() {
  auto ends = base::make_message_sockets();
  if (!ends) return ends.error();
  const auto pid = base::spawn({.executable = "/proc/self/exe",
                                .arguments = {"mortise", "worker"},
                                .environment = {},
                                .output = std::nullopt,
                                .descriptors = {ends->second.get()},
                                .has_own_group = true});
  if (!pid) return pid.error();
  pid_ = *pid;
  link_ = std::move(ends->first);
  is_silent_ = false;
  return {};
}

void ForkServer::end() {
  if (pid_ == 0) return;
  link_ = base::Descriptor();
  ::kill(pid_, SIGKILL);  // it may hang
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  pid_ = 0;
}

/// Returns where the answer will come, and how the worker has ended. [under mutex_]
base::Result<base::Descriptor> ForkServer::ask(int talk, int area, int wake) {
  if (pid_ == 0) {
    if (const auto begun = begin(); !begun) return begun.error();
  }
  auto channel = base::make_message_sockets();
  if (!channel) return channel.error();
  // Where that fails nobody has the other end any more, and that is what is read from this one.
  base::send_message(link_.get(), "fork", {talk, area, wake, channel->second.get()});
  return std::move(channel->first);
}

/// Once may be a busy machine's fault; from then on every plugin waits for it.
void ForkServer::note_silence(pid_t asked) {
  const std::lock_guard lock(mutex_);
  if (pid_ != asked || !std::exchange(is_silent_, true)) return;
  telemetry::log(telemetry::Level::error, "isolation", "the fork server does not answer, and is killed");
  end();
}

void ForkServer::note_answer(pid_t asked) {
  const std::lock_guard lock(mutex_);
  if (pid_ == asked) is_silent_ = false;
}

void ForkServer::note_end(pid_t asked) {
  using namespace std::chrono_literals;
  const std::lock_guard lock(mutex_);
  // It says nothing there, so that its end is all that can be read. Without one it has had no room for the request.
  if (pid_ != asked || !base::is_readable_within(link_.get(), 0ms)) return;
  telemetry::log(telemetry::Level::warning, "isolation", "the fork server has ended, and is started anew");
  end();
}

}  // namespace mortise::isolation
