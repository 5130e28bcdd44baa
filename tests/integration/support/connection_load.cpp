#include "support/connection_load.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "http/client.hpp"
#include "support/child.hpp"

namespace mortise::integration {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

ConnectionLoad::ConnectionLoad(std::uint16_t port, std::string target, Threads threads)
    : port_(port), request_("GET " + std::move(target) + " HTTP/1.1\r\nHost: a\r\n\r\n") {
  for (unsigned i = 0; i < threads.keeping; ++i) threads_.emplace_back([this] { run(true); });
  for (unsigned i = 0; i < threads.fresh; ++i) threads_.emplace_back([this] { run(false); });
}

ConnectionLoad::~ConnectionLoad() { end(); }

void ConnectionLoad::run(bool is_keeping) {
  std::unique_ptr<http::testing::Client> client;
  while (!is_ending_) {
    const auto begin = Clock::now();
    std::string failure;
    try {
      if (!client) client = std::make_unique<http::testing::Client>(port_);
      const auto answer = client->send(request_).read();
      if (answer.status != 200) failure = answer.head + answer.body;
      if (!is_keeping || answer.header("Connection") == "close") client.reset();
    } catch (const std::exception& error) {
      failure = error.what();
      client.reset();
    }
    note(failure, Clock::now() - begin);
  }
}

void ConnectionLoad::note(const std::string& failure, Clock::duration took) {
  const std::lock_guard lock(mutex_);
  if (failure.empty()) {
    ++result_.answered;
  } else {
    result_.failures.push_back(failure);
  }
  result_.longest = std::max(result_.longest, std::chrono::duration_cast<std::chrono::milliseconds>(took));
  changed_.notify_all();
}

void ConnectionLoad::wait_for_more(std::size_t count) {
  std::unique_lock lock(mutex_);
  const auto wanted = result_.answered + count;
  const auto is_done = [&] { return result_.answered >= wanted || !result_.failures.empty(); };
  if (!changed_.wait_for(lock, kPatience, is_done)) throw std::runtime_error("the host answers no more");
}

ConnectionLoad::Result ConnectionLoad::end() {
  is_ending_ = true;
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  return result_;
}

}  // namespace mortise::integration
