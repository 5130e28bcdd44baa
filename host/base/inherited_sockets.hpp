// Listening sockets that this process was given by the one that started it: a service manager, by the protocol of
// sd_listen_fds(3), or the host that it follows. Matched to what the configuration names by address and port.
#pragma once

#include <sys/types.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.hpp"
#include "base/result.hpp"

namespace mortise::base {

/// What LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES say to the process `pid`: a name for each descriptor from 3 upwards,
/// "unknown" where none is given. Empty when they are not there or meant for another process.
Result<std::vector<std::string>> parse_listen_variables(pid_t pid, const char* listen_pid, const char* listen_fds,
                                                        const char* listen_fdnames);

/// One thread. Closes what nobody takes.
class InheritedSockets {
 public:
  static constexpr int kFirstDescriptor = 3;

  InheritedSockets() = default;
  /// Those that a service manager hands over. Its variables are removed from the environment, so that no child takes
  /// them for its own: call it before any thread exists.
  static Result<InheritedSockets> from_environment();
  /// The descriptors from `first` on, one for each name; they are closed at exec from here on. Fails when one is no
  /// TCP socket that listens, and names it.
  static Result<InheritedSockets> adopt(int first, const std::vector<std::string>& names);
  /// Those that a process before this one has left, all called `name`.
  static Result<InheritedSockets> adopt(std::vector<Descriptor> sockets, const std::string& name);

  /// All sockets that listen there, none when there is none. Port 0 stands for any: those of one port.
  std::vector<Descriptor> take(const std::string& address, std::uint16_t port);
  /// What nobody has taken: "'web' (127.0.0.1:80)", one behind the other; empty when nothing is left.
  [[nodiscard]] std::string describe_rest() const;

 private:
  struct Socket {
    Descriptor descriptor;
    std::string address;
    std::uint16_t port = 0;
    std::string name;
  };
  static Result<Socket> look_at(Descriptor descriptor, const std::string& name);

  std::vector<Socket> sockets_;
};

}  // namespace mortise::base
