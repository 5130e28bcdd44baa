// The interfaces that the runtime itself gives to plugins: mortise.log/1, mortise.config/1, mortise.memory/1.
#pragma once

#include <span>

#include "runtime/offer.hpp"

namespace mortise::runtime {

/// Any thread.
std::span<const Offer> own_offers() noexcept;

}  // namespace mortise::runtime
