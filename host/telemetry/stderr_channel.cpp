#include "telemetry/stderr_channel.hpp"

#include <Poco/Message.h>
#include <unistd.h>
#include <cerrno>
#include <string>

namespace mortise::telemetry {

void StderrChannel::log(const Poco::Message& message) {
  const std::string line = message.getText() + '\n';
  const std::scoped_lock lock(mutex_);
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t written = ::write(STDERR_FILENO, line.data() + done, line.size() - done);
    if (written < 0 && errno != EINTR) return;
    if (written > 0) done += static_cast<std::size_t>(written);
  }
}

}  // namespace mortise::telemetry
