// Holds requests inside the zoo's plugin `waits`, so that a test knows that one is in there and when it leaves.
#pragma once

#include <chrono>
#include <exception>
#include <filesystem>
#include <future>
#include <thread>

#include "base/files.hpp"
#include "support/host.hpp"

namespace mortise::integration {

/// Make it before the plugin starts. One thread.
class Gate {
 public:
  explicit Gate(const Prefix& prefix, const std::string& plugin = "waits");

  /// Returns when a request is inside.
  void wait_until_inside();
  /// Lets those inside go.
  void open() { writer_ = base::Descriptor(); }
  /// Lets those go that wait at this moment, if there are any.
  void let_pass();

 private:
  std::filesystem::path fifo_;
  base::Descriptor writer_;  // while it is open, requests wait
};

/// A request that another thread waits on.
class Pending {
 public:
  Pending(const Host& host, const std::string& target);
  ~Pending();
  /// Throws what the request threw.
  Answer answer();
  /// Whether the answer is there, or the request has failed; waits for that as long as is said.
  bool wait_for(std::chrono::milliseconds patience) const;
  [[nodiscard]] bool has_ended() const { return wait_for(std::chrono::milliseconds(0)); }

 private:
  // The thread's until it is joined:
  Answer answer_;
  std::exception_ptr failure_;
  std::promise<void> ended_;
  std::future<void> has_ended_ = ended_.get_future();
  std::thread thread_;  // last: it begins when the others are there
};

}  // namespace mortise::integration
