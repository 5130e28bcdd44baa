// Requests over several connections at once, all of which must get what they should.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/host.hpp"

namespace mortise::integration {

/// One request over some connections again and again, from construction to end(). Throws nothing: what goes wrong is
/// noted.
class Load {
 public:
  struct Request {
    std::string method;
    std::string target;
    std::string body{};
    Headers headers{};
  };
  /// What is wrong with an answer; empty: nothing. Called on any thread.
  using Judge = std::function<std::string(const Answer&)>;

  Load(const Host& host, Request request, Judge judge = {}, unsigned connections = 4);
  /// GETs.
  Load(const Host& host, const std::string& target, Judge judge = {}, unsigned connections = 4)
      : Load(host, Request{.method = "GET", .target = target}, std::move(judge), connections) {}
  ~Load() { end(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// The number of requests so far.
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// Waits for so many more; at once when something has gone wrong.
  void wait_for_more(std::uint64_t requests) const;
  /// Stops, and returns the number of requests.
  std::uint64_t end();
  /// The first thing that went wrong; empty: nothing did. After end().
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  void run(std::uint16_t port, const Request& request, const Judge& judge);
  void note(const std::string& fault);

  std::atomic<bool> is_ending_{false};
  std::atomic<bool> has_fault_{false};
  std::atomic<std::uint64_t> count_{0};
  std::string fault_;  // written by the thread that set has_fault_, read after its end
  std::vector<std::thread> threads_;
};

}  // namespace mortise::integration
