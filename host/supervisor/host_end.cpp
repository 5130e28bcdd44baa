#include "supervisor/host_end.hpp"

#include <sys/wait.h>
#include <string>

#include "base/process.hpp"
#include "telemetry/log.hpp"

namespace mortise::supervisor {
namespace {

using telemetry::Level;

std::string hint(int status) {
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) return {};
  return ": by somebody who may, or by the kernel for want of memory (`journalctl -k` tells)";
}

}  // namespace

sigset_t set_of(std::initializer_list<int> numbers) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : numbers) sigaddset(&signals, number);
  return signals;
}

void tell_of(pid_t host, int status, const std::optional<telemetry::CrashMark>& mark) {
  const auto known = mark.value_or(telemetry::CrashMark());
  telemetry::log(Level::error, "supervisor", "the host process has ended unexpectedly",
                 {{"pid", std::to_string(host)},
                  {"reason", "it " + base::end_of(status).describe() + hint(status)},
                  {"plugin", known.plugin},
                  {"generation", known.plugin.empty() ? "" : std::to_string(known.generation)},
                  {"route", known.route},
                  {"request_id", known.request_id},
                  {"signal", known.signal},
                  {"address", known.address}});
  for (std::size_t i = 0; i < known.frames.size(); ++i) {
    telemetry::log(Level::error, "supervisor", "backtrace", {{"frame", std::to_string(i)}, {"at", known.frames[i]}});
  }
}

int end_like(int status) {
  if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
  base::disable_core_dumps();  // there is one of the host process
  const int number = WTERMSIG(status);
  std::signal(number, SIG_DFL);
  const auto signals = set_of({number});
  ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  ::raise(number);
  return kCannotStart;  // of a signal that does not end a process
}

}  // namespace mortise::supervisor
