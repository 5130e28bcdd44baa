#include "support/traffic.hpp"

#include <Poco/Exception.h>
#include <stdexcept>

namespace mortise::integration {

Traffic::Traffic(const Host& host, const std::string& target)
    : thread_([this, port = host.port(), target] { run(Client(port), target); }) {}

Traffic::~Traffic() {
  is_ending_ = true;
  if (thread_.joinable()) thread_.join();
}

void Traffic::run(Client client, const std::string& target) {
  while (!is_ending_) {
    try {
      const auto answer = client.get(target);
      note(answer.status == 200 ? answer.body : std::to_string(answer.status));
    } catch (const Poco::Exception& error) {
      note(error.displayText());
    }
  }
}

void Traffic::note(const std::string& answer) {
  const std::lock_guard lock(mutex_);
  if (!answers_.empty() && answers_.back() == answer) return;
  answers_.push_back(answer);
  changed_.notify_all();
}

void Traffic::wait_for(const std::string& answer) {
  std::unique_lock lock(mutex_);
  const bool is_there =
      changed_.wait_for(lock, kPatience, [&] { return !answers_.empty() && answers_.back() == answer; });
  if (!is_there) throw std::runtime_error("no request was ever answered with " + answer);
}

std::vector<std::string> Traffic::end() {
  is_ending_ = true;
  thread_.join();
  return answers_;
}

}  // namespace mortise::integration
