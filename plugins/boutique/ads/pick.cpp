#include "pick.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace boutique {
namespace {

struct Placed {
  std::string_view category;
  Ad ad;
};
constexpr std::array<Placed, 17> kAds{{
    {"kitchen", {"A pot of tea, the whole afternoon: the stoneware teapot keeps it warm.", "teapot"}},
    {"kitchen", {"Two mugs make a morning. Take a second one.", "mug"}},
    {"kitchen", {"Oiled oak for bread and cheese: a cutting board for life.", "cutting-board"}},
    {"kitchen", {"From the stove to the camp fire: enamel pots do both.", "enamel-pot"}},
    {"home", {"The nights get longer. So should your blanket.", "blanket"}},
    {"home", {"A clock that ticks so softly that you forget the time.", "wall-clock"}},
    {"home", {"Forty hours of quiet light: candles of beeswax.", "candle"}},
    {"light", {"No socket in the orchard? Bring a lantern.", "lantern"}},
    {"light", {"Dinner looks better by candlelight.", "candle"}},
    {"garden", {"Water the seedlings, not the path: a can with a fine rose.", "watering-can"}},
    {"garden", {"Two trees, one hammock, no plans.", "hammock"}},
    {"outdoor", {"Batteries run out, the north does not: brass compasses.", "compass"}},
    {"outdoor", {"Pack for three days in one rucksack.", "rucksack"}},
    {"travel", {"It will rain. You will not care.", "umbrella"}},
    {"travel", {"A rucksack that fits below the seat.", "rucksack"}},
    {"desk", {"Write it down before it is gone: a notebook that lies flat.", "notebook"}},
    {"desk", {"Signed with a nib, remembered for years.", "fountain-pen"}},
}};

bool fits(const Placed& placed, std::span<const mortise::Str> categories) {
  return std::any_of(categories.begin(), categories.end(), [&](auto one) { return one == placed.category; });
}

}  // namespace

std::size_t room_for(std::int32_t most) noexcept {
  return std::min(static_cast<std::size_t>(std::max(most, 0)), kAds.size());
}

std::span<Ad> pick_ads(std::span<const mortise::Str> categories, std::span<Ad> room, std::minstd_rand& random) {
  std::array<const Ad*, kAds.size()> hat{};
  std::size_t left = 0;
  for (const auto& placed : kAds) {
    if (fits(placed, categories)) hat[left++] = &placed.ad;
  }
  if (left == 0) {
    for (const auto& placed : kAds) hat[left++] = &placed.ad;
  }
  const auto picked = room.first(std::min(room.size(), left));
  for (auto& ad : picked) {
    auto& drawn = hat[std::uniform_int_distribution<std::size_t>(0, left - 1)(random)];
    ad = *drawn;
    drawn = hat[--left];
  }
  return picked;
}

}  // namespace boutique
