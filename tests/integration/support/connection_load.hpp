// Requests without pause from several threads, each of which notices everything that a user would.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace mortise::integration {

/// GETs one target from construction to end(). One thread.
class ConnectionLoad {
 public:
  /// How many threads keep their connection as long as the host does, and how many make one for each request.
  struct Threads {
    unsigned keeping = 3;
    unsigned fresh = 3;
  };
  ConnectionLoad(std::uint16_t port, std::string target, Threads threads);
  ~ConnectionLoad();

  /// Waits until so many more requests were answered, or one failed.
  void wait_for_more(std::size_t count);

  struct Result {
    std::size_t answered = 0;
    std::vector<std::string> failures;     // other answers than 200, and what became of those that got none
    std::chrono::milliseconds longest{0};  // from a request's connect, or its first byte, to its answer's last
  };
  Result end();

 private:
  void run(bool is_keeping);
  void note(const std::string& failure, std::chrono::steady_clock::duration took);

  const std::uint16_t port_;
  const std::string request_;
  std::atomic<bool> is_ending_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  Result result_;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace mortise::integration
