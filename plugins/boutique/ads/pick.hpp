// Which advertisements there are, and drawing some of them. Knows nothing of the host.
#pragma once

#include <cstdint>
#include <random>
#include <span>

#include <boutique/ads.hpp>

namespace boutique {

/// As many as there can be when `most` are wanted.
std::size_t room_for(std::int32_t most) noexcept;

/// Fills `room` as far as there are ads that fit, none of them twice, and gives what is filled. The texts are constant.
std::span<Ad> pick_ads(std::span<const mortise::Str> categories, std::span<Ad> room, std::minstd_rand& random);

}  // namespace boutique
