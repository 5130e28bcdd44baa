// `mortise serve` is two processes: the supervisor, which starts the host process by fork, holds its listening sockets
// and its lock, and starts the next one at once when it crashes; and the host process, which does everything else. The
// supervisor runs no plugin's code and has one thread. Who owns what when stands in docs/architecture.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/files.hpp"
#include "supervisor/host_link.hpp"
#include "takeover/former_host.hpp"
#include "telemetry/crash_mark.hpp"
#include "telemetry/crash_page.hpp"

namespace mortise::supervisor {

/// What a host process begins with.
struct Life {
  HostLink link;
  bool is_restart = false;                 // the one before it has crashed
  std::optional<base::Descriptor> lock{};  // what that one has left
  std::vector<base::Descriptor> sockets{};
  std::vector<telemetry::CrashMark> crashes{};  // of which nothing has followed yet
  telemetry::CrashPage page;                    // for the mark of its own
};

/// Runs in the host process; its exit code.
using RunHost = std::function<int(Life)>;

/// Call it once, from main, before any thread exists. Returns in both processes, with the exit code of the one or of
/// the other; the supervisor ends by the signal that ended the host process where that was asked to stop. `former`: the
/// host that is to be replaced, or null; the supervisor's copy is let go of when it is.
int supervise(std::unique_ptr<takeover::FormerHost>& former, const RunHost& run_host);

}  // namespace mortise::supervisor
