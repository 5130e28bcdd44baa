// An event as bytes: the request of `deliver`, the one method that subscribers of its topic have, in the binary form of
// contracts (docs/abi-policy.md).
#pragma once

#include <mortise/abi/types.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace mortise::events {

inline constexpr std::uint32_t kDeliver = 0;  // the method's number
inline constexpr std::size_t kMostEventBytes = std::size_t{1} << 20U;
inline constexpr std::size_t kMostKeyBytes = 1024;

/// What is told to a subscriber. Borrows.
struct Event {
  std::uint64_t id_high = 0;
  std::uint64_t id_low = 0;
  std::int64_t published_ms = 0;
  std::uint32_t attempt = 1;
  std::string_view publisher;
  std::string_view key;
  mortise_bytes bytes{};  // the event itself, as its publisher has written it
};

/// Of a publication in a transaction, wherever the plugin runs.
inline constexpr std::string_view kNotDurable =
    "the topic is not durable, and takes part in no transaction; say {\"topic\": ..., \"durable\": true} in the "
    "manifest's \"publishes\", or publish after the commit";

/// The number of a form of events, which is a signature text: the same in every process, and on the disk.
std::uint64_t form_of(std::string_view methods);

/// Whether a publisher's bytes can be an event, and are not too many.
base::Result<void> check(std::string_view key, mortise_bytes bytes);

/// How many bytes write_request() writes of an event that was checked.
std::size_t request_size(const Event& event) noexcept;
/// To memory that has room for them.
void write_request(const Event& event, std::uint8_t* to) noexcept;

}  // namespace mortise::events
