// A pair of sockets that keeps messages apart and takes descriptors along with them: between two processes of one
// program, one of which has started the other.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files.hpp"
#include "base/result.hpp"

namespace mortise::base {

/// What a message may have: longer text is cut, and more descriptors are refused.
inline constexpr std::size_t kMostMessageBytes = 1024;
inline constexpr std::size_t kMostMessageDescriptors = 200;

struct SocketMessage {
  std::string bytes{};
  std::vector<Descriptor> descriptors{};  // closed at exec
};

/// Both ends; closed at exec.
Result<std::pair<Descriptor, Descriptor>> make_message_sockets();

/// At one stroke, from any thread. False: nobody hears it, or the system has no room for it.
bool send_message(int socket, std::string_view bytes, const std::vector<int>& descriptors = {});

/// What is there; none: nothing, nobody is at the other end any more (which is readable as well), or there was no room
/// for the descriptors, which are lost.
std::optional<SocketMessage> receive_message(int socket);

/// Waits so long, for ever where that is negative, for something to be there, or for the other end to be gone.
bool is_readable_within(int descriptor, std::chrono::milliseconds limit) noexcept;

}  // namespace mortise::base
