// The products of the house: constant, so that any thread reads them, and what leads to them stays valid as long as the
// plugin. Knows nothing of the host.
#pragma once

#include <span>
#include <string_view>

#include <boutique/catalog.hpp>

namespace boutique {

/// In the order in which they are to be shown.
std::span<const Product> all_products() noexcept;

/// Throws `not_found` for an id that there is not.
const Product& product(std::string_view id);

}  // namespace boutique
