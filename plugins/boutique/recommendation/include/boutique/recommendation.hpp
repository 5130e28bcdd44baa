// boutique.recommendation/1: what else a visitor may like. Published by the team of `boutique-recommendation`.
#pragma once

#include <mortise/contract.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace boutique {

struct Recommendation {
  /// Up to `most` ids of products that are not among `known` (what is in the cart, what is being looked at): those that
  /// share categories with them first. The same for the same `visitor` and products. None where `most` is below
  /// 1.
  mortise::Method<mortise::List<mortise::Str>(std::string_view visitor, std::span<const mortise::Str> known,
                                              std::int32_t most)>
      recommend;
};
MORTISE_CONTRACT(Recommendation, "boutique.recommendation", 1, recommend)
MORTISE_IDEMPOTENT(Recommendation, recommend)

}  // namespace boutique
