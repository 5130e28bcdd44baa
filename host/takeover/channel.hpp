// What the host that is replaced and the one that replaces it say to each other: JSON objects, one a line, over a
// socket pair. The conversation, and who owns what after each line, stands in docs/architecture.md.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/files.hpp"
#include "base/result.hpp"

namespace mortise::takeover {

/// The lines. They go between two versions of the host: none is renamed, and what is not known is an error.
namespace line {
inline constexpr const char* kPrepared = "prepared";  // new: it is configured, and asks for the state directory
inline constexpr const char* kLent = "lent";          // former: it may use that, and write nothing that counts
inline constexpr const char* kReady = "ready";        // new: its plugins run; `running`, and `reasons` of others
inline constexpr const char* kYours = "yours";        // former: everything is the new one's
inline constexpr const char* kServing = "serving";    // new: it has taken everything, and accepts
inline constexpr const char* kFailed = "failed";      // new: it gives up; `reason`
}  // namespace line

/// The environment's name for the number of listening sockets that a new host is handed: it has them, the lock and its
/// end of the channel as descriptors.
inline constexpr const char* kVariable = "MORTISE_TAKEOVER";
inline constexpr int kChannelDescriptor = 3;
inline constexpr int kLockDescriptor = 4;
inline constexpr int kFirstSocket = 5;

/// One end. One thread, but for what interrupts it.
class Channel {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Channel(base::Descriptor end) : end_(std::move(end)) {}
  /// A channel's own end, and the other's.
  static base::Result<std::pair<Channel, base::Descriptor>> make();

  /// That nobody hears it is found out by receive().
  void send(const char* what, nlohmann::json rest = nlohmann::json::object());

  enum class Ending { ended, timed_out, interrupted };
  struct Received {
    std::optional<nlohmann::json> line;  // or else:
    Ending why = Ending::ended;
  };
  /// Until a line comes, the other end is closed, the deadline passes, or `interrupt` becomes readable (-1: nothing
  /// interrupts it).
  Received receive(Clock::time_point deadline, int interrupt = -1);

 private:
  base::Descriptor end_;
  std::string pending_;
};

/// A line's "say".
std::string said_in(const nlohmann::json& line);

}  // namespace mortise::takeover
