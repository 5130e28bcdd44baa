// Chooses products for a visitor. Knows nothing of the host.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <boutique/catalog.hpp>

namespace boutique {

/// The ids of up to `most` of the products that are not `known`, as they stand there: those first that share a category
/// with a known one, and among equals in an order of the visitor's own, which depends on nothing else.
std::vector<mortise::Str> choose(std::span<const Product> products, std::string_view visitor,
                                 std::span<const mortise::Str> known, std::int32_t most);

}  // namespace boutique
