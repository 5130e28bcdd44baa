// Where workers come from: a process beside the host that has all of the program loaded and linked and what a sandbox
// needs made ready, and forks itself for each worker. That takes a tenth of the time of starting the program anew.
#pragma once

#include <sys/types.h>

#include <mutex>

#include "base/files.hpp"
#include "base/result.hpp"
#include "isolation/worker_process.hpp"

namespace mortise::isolation {

/// What a worker finds as its descriptors.
inline constexpr int kTalkDescriptor = 3;
inline constexpr int kAreaDescriptor = 4;
inline constexpr int kWakeDescriptor = 5;

/// The host's end. Any thread. The process is started with the first worker, and ends with the host. Where it has ended
/// before, and its workers with it, the next worker starts another one.
class ForkServer {
 public:
  ForkServer() = default;
  ForkServer(const ForkServer&) = delete;
  ForkServer& operator=(const ForkServer&) = delete;
  ~ForkServer();

  /// With an empty environment, a process group of its own and nothing to read as its standard input. The worker shares
  /// what the descriptors stand for: nothing of that may be the host's to rely on. Waits at most some seconds.
  base::Result<WorkerProcess> start_worker(int talk, int area, int wake);

 private:
  base::Result<void> begin();
  void end();
  base::Result<base::Descriptor> ask(int talk, int area, int wake);
  void note_answer(pid_t asked);
  void note_silence(pid_t asked);
  void note_end(pid_t asked);

  std::mutex mutex_;
  // Guarded by mutex_:
  pid_t pid_ = 0;  // 0: there is none
  base::Descriptor link_;
  bool is_silent_ = false;  // has not answered the last request in time
};

/// `mortise worker`: the process, of which the workers are forks. Returns the exit code: when the host has ended, and
/// where no host has started it.
int fork_server_main();

}  // namespace mortise::isolation
