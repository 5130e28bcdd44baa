// Requests that go on while a test changes things, and what they got.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/host.hpp"

namespace mortise::integration {

/// GETs one target over one connection, again and again, from construction to end().
class Traffic {
 public:
  Traffic(const Host& host, const std::string& target);
  ~Traffic();

  /// Waits until an answer was this, other than what the test has waited for before: a body, or "404".
  void wait_for(const std::string& answer);
  /// Stops, and returns the answers in order, those that follow each other with the same content as one. A request
  /// that failed is in there as its error.
  std::vector<std::string> end();

 private:
  void run(Client client, const std::string& target);
  void note(const std::string& answer);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> answers_;  // guarded by mutex_
  std::atomic<bool> is_ending_{false};
  std::thread thread_;
};

}  // namespace mortise::integration
