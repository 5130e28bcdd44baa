#include "support/gate.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <stdexcept>

namespace mortise::integration {

Gate::Gate(const Prefix& prefix, const std::string& plugin) : fifo_(prefix.data_directory(plugin) / "gate") {
  std::filesystem::create_directories(fifo_.parent_path());
  if (::mkfifo(fifo_.c_str(), 0600) != 0) throw std::runtime_error("cannot make " + fifo_.string());
}

void Gate::wait_until_inside() {
  // The system lets a writer in when there is a reader.
  writer_ = base::Descriptor(::open(fifo_.c_str(), O_WRONLY | O_CLOEXEC));
  if (!writer_.is_open()) throw std::runtime_error("cannot open " + fifo_.string());
}

void Gate::let_pass() {
  writer_ = base::Descriptor(::open(fifo_.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
  open();
}

Pending::Pending(const Host& host, const std::string& target)
    : thread_([this, client = std::make_shared<Client>(host.port()), target] {
        try {
          answer_ = client->get(target);
        } catch (...) {
          failure_ = std::current_exception();
        }
        ended_.set_value();
      }) {}

Pending::~Pending() {
  if (thread_.joinable()) thread_.join();
}

bool Pending::wait_for(std::chrono::milliseconds patience) const {
  return has_ended_.wait_for(patience) == std::future_status::ready;
}

Answer Pending::answer() {
  thread_.join();
  if (failure_) std::rethrow_exception(failure_);
  return answer_;
}

}  // namespace mortise::integration
