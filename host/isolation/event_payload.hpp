// An event on its way from a worker to its host: the key's size, the key, and the event itself.
#pragma once

#include <mortise/abi/types.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::isolation {

inline std::string to_payload(std::string_view key, mortise_bytes bytes) {
  const auto size = static_cast<std::uint32_t>(key.size());
  std::string payload(reinterpret_cast<const char*>(&size), sizeof size);
  payload.append(key).append(reinterpret_cast<const char*>(bytes.data), static_cast<std::size_t>(bytes.size));
  return payload;
}

/// What a worker has sent, whatever that is.
struct EventView {
  /// Nothing: it is no event.
  static std::optional<EventView> read(std::string_view payload) {
    std::uint32_t size = 0;
    if (payload.size() < sizeof size) return std::nullopt;
    std::memcpy(&size, payload.data(), sizeof size);
    payload.remove_prefix(sizeof size);
    if (payload.size() < size) return std::nullopt;
    const auto bytes = payload.substr(size);
    return EventView{.key = payload.substr(0, size),
                     .bytes = {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}};
  }

  std::string_view key;
  mortise_bytes bytes;
};

}  // namespace mortise::isolation
