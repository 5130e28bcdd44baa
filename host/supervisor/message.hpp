// What the host process says to its supervisor. Both are one program in one version: the supervisor forks the host
// process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/message_socket.hpp"

namespace mortise::supervisor {

enum class Kind : char {
  lock = 'l',       // descriptors: the lock on the state directory
  sockets = 's',    // descriptors: of the listening sockets, of which more come
  listening = 'L',  // these were all
  owner = 'o',      // the host process has taken everything over from a former host
  ready = 'r',      // the first pass is done
  settled = 'c',    // what is to follow from the crashes that it was told of stands in the history
  upgrading = 'u',  // it starts the next host; text: that one's pid, once it is known
  kept = 'k',       // nothing has come of that
  replaced = 'x',   // it has; text: that one's pid
  ending = 'e',     // the end that follows is meant, and its exit code counts
};

struct Message {
  Kind kind{};
  std::string text{};
  std::vector<base::Descriptor> descriptors{};
};

/// At one stroke, from any thread; `text` of at most a few hundred bytes. That nobody hears it is no error: a host
/// process whose supervisor has ended is ending itself.
void send(const base::Descriptor& link, Kind kind, const std::string& text = {},
          const std::vector<int>& descriptors = {});
/// What is there; none: nothing, or nobody is at the other end any more.
std::optional<Message> receive(const base::Descriptor& link);

}  // namespace mortise::supervisor
