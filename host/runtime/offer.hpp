// What a part of the host offers to plugins: ids of interfaces, each with its function table. Every part keeps one
// list, which both answers a plugin's get_interface() and tells the gate what the host has, so that the two cannot
// differ.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

namespace mortise::runtime {

struct Offer {
  std::string_view id;  // a literal
  const void* table;
};

/// The table of an interface among these, or null. Any thread.
inline const void* find_offer(std::span<const Offer> offers, std::string_view id) noexcept {
  const auto found = std::find_if(offers.begin(), offers.end(), [&](const Offer& offer) { return offer.id == id; });
  return found == offers.end() ? nullptr : found->table;
}

}  // namespace mortise::runtime
