// Provides boutique.ads/1.
#include <random>
#include <span>

#include <boutique/ads.hpp>
#include <mortise/mortise.hpp>

#include "pick.hpp"

namespace boutique {

class AdsService : public mortise::Plugin {
 public:
  explicit AdsService(mortise::Context& ctx) { ctx.provide<Ads>(*this); }

  mortise::List<Ad> pick(std::span<const mortise::Str> categories, std::int32_t most) const {
    // Each thread draws by itself: none waits for another.
    thread_local std::minstd_rand random{std::random_device{}()};
    const auto room = mortise::arena_array<Ad>(room_for(most));
    return std::span<const Ad>(pick_ads(categories, room, random));
  }
};

}  // namespace boutique

MORTISE_PLUGIN(boutique::AdsService)
