#include "support/load.hpp"

#include <Poco/Exception.h>

namespace mortise::integration {

Load::Load(const Host& host, Request request, Judge judge, unsigned connections) {
  for (unsigned i = 0; i < connections; ++i) {
    threads_.emplace_back([this, port = host.port(), request, judge] { run(port, request, judge); });
  }
}

void Load::run(std::uint16_t port, const Request& request, const Judge& judge) {
  try {
    Client client(port);
    while (!is_ending_) {
      const auto answer = client.send(request.method, request.target, request.body, request.headers);
      if (answer.status != 200) {
        note("status " + std::to_string(answer.status) + ": " + answer.body);
      } else if (const auto fault = judge ? judge(answer) : std::string(); !fault.empty()) {
        note(fault);
      }
      ++count_;
    }
  } catch (const Poco::Exception& error) {
    note(error.displayText());
  }
}

void Load::note(const std::string& fault) {
  if (!has_fault_.exchange(true)) fault_ = fault;
}

void Load::wait_for_more(std::uint64_t requests) const {
  const auto until = count_ + requests;
  while (count_ < until && !has_fault_) std::this_thread::yield();
}

std::uint64_t Load::end() {
  is_ending_ = true;
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  return count_;
}

}  // namespace mortise::integration
