#include "supervisor/message.hpp"

namespace mortise::supervisor {

void send(const base::Descriptor& link, Kind kind, const std::string& text, const std::vector<int>& descriptors) {
  base::send_message(link.get(), std::string(1, static_cast<char>(kind)) + text, descriptors);
}

std::optional<Message> receive(const base::Descriptor& link) {
  auto received = base::receive_message(link.get());
  if (!received) return std::nullopt;
  return Message{.kind = static_cast<Kind>(received->bytes[0]),
                 .text = received->bytes.substr(1),
                 .descriptors = std::move(received->descriptors)};
}

}  // namespace mortise::supervisor
