// boutique.ads/1: advertisements. Published by the team of `boutique-ads`.
#pragma once

#include <mortise/contract.hpp>

#include <cstdint>
#include <span>

namespace boutique {

struct Ad {
  mortise::Str text;
  mortise::Str product;  // the id of what it leads to
};

struct Ads {
  /// Up to `most`, none where that is below 1; drawn at random: of those that fit one of the categories, or of all when
  /// none does.
  mortise::Method<mortise::List<Ad>(std::span<const mortise::Str> categories, std::int32_t most)> pick;
};
MORTISE_CONTRACT(Ads, "boutique.ads", 1, pick)
MORTISE_IDEMPOTENT(Ads, pick)

}  // namespace boutique
