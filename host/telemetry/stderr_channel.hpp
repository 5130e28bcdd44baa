// Standard error as a Poco channel.
#pragma once

#include <Poco/Channel.h>
#include <mutex>

namespace mortise::telemetry {

/// Writes each message and a newline with as few writes as the system takes; lines of several threads never mix.
/// What cannot be written is lost. Any thread.
class StderrChannel final : public Poco::Channel {
 public:
  void log(const Poco::Message& message) override;

 private:
  std::mutex mutex_;
};

}  // namespace mortise::telemetry
