#include "products.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace boutique {
namespace {

using Categories = mortise::List<mortise::Str>;

/// A list of constant texts.
template <const auto& names>
constexpr Categories kListOf{names.data(), names.size()};

constexpr std::array<mortise::Str, 1> kKitchen{"kitchen"};
constexpr std::array<mortise::Str, 2> kKitchenOutdoor{"kitchen", "outdoor"};
constexpr std::array<mortise::Str, 1> kHome{"home"};
constexpr std::array<mortise::Str, 2> kHomeLight{"home", "light"};
constexpr std::array<mortise::Str, 2> kHomeOutdoor{"home", "outdoor"};
constexpr std::array<mortise::Str, 1> kGarden{"garden"};
constexpr std::array<mortise::Str, 2> kGardenLight{"garden", "light"};
constexpr std::array<mortise::Str, 2> kGardenOutdoor{"garden", "outdoor"};
constexpr std::array<mortise::Str, 2> kOutdoorTravel{"outdoor", "travel"};
constexpr std::array<mortise::Str, 1> kTravel{"travel"};
constexpr std::array<mortise::Str, 1> kDesk{"desk"};

/// Each has a picture of its own, under its id. Prices are whole cents.
constexpr Product make(const char* id, const char* name, const char* description, int cents, Categories categories) {
  constexpr int kCents = 100;
  const Money price{"USD", cents / kCents, cents % kCents * (kNanosPerUnit / kCents)};
  return {id, name, description, id, price, categories};
}

constexpr std::array kProducts{
    make("teapot", "Stoneware Teapot",
         "Thrown by hand and glazed in grey. Holds a litre, pours without a drop beside the cup, and has a sieve that "
         "leaves room for the leaves.",
         4'850, kListOf<kKitchen>),
    make("mug", "Speckled Mug",
         "Thick walls, a wide handle and a base of bare clay. Goes into the dishwasher and comes out as it went in.",
         1'695, kListOf<kKitchen>),
    make("lantern", "Storm Lantern",
         "Galvanised steel and a globe of glass that the wind does not reach. Burns paraffin for twenty hours.", 3'900,
         kListOf<kGardenLight>),
    make("blanket", "Wool Blanket",
         "Woven from undyed wool in a herringbone. Warm on the sofa, and warmer beside the camp fire.", 8'900,
         kListOf<kHomeOutdoor>),
    make("cutting-board", "Oak Cutting Board",
         "One piece of oiled oak with a groove for the juice. The other side is flat, for bread and dough.", 3'450,
         kListOf<kKitchen>),
    make("watering-can", "Watering Can",
         "Five litres with a long spout and a rose of brass, fine enough for seedlings. Well balanced when it is full.",
         2'799, kListOf<kGarden>),
    make("notebook", "Dotted Notebook",
         "192 pages of heavy paper that takes ink without bleeding through. Bound with thread, so that it lies flat.",
         1'450, kListOf<kDesk>),
    make("fountain-pen", "Fountain Pen",
         "A steel nib in a barrel of black resin. Writes at once, even after a month in the drawer.", 5'200,
         kListOf<kDesk>),
    make("hammock", "Cotton Hammock",
         "Wide enough to lie across. Bears two people and comes with ropes that are kind to the bark of trees.", 6'450,
         kListOf<kGardenOutdoor>),
    make("rucksack", "Canvas Rucksack",
         "Waxed canvas with leather straps. Twenty-two litres, a pocket for the bottle and one for what must stay dry.",
         11'900, kListOf<kOutdoorTravel>),
    make("compass", "Brass Compass",
         "A needle that settles within two seconds below a lid of brass. Shows the way when the battery is flat.",
         2'650, kListOf<kOutdoorTravel>),
    make("enamel-pot", "Enamel Pot",
         "White enamel on steel with a blue rim. Cooks for four on a stove of any kind, or over an open fire.", 3'725,
         kListOf<kKitchenOutdoor>),
    make("candle", "Beeswax Candle",
         "Poured into the mould by a beekeeper two valleys away. Smells of honey and burns for forty hours.", 1'250,
         kListOf<kHomeLight>),
    make("wall-clock", "Wall Clock",
         "A face of birch with hands of copper and a movement that sweeps without ticking. Thirty centimetres wide.",
         7'300, kListOf<kHome>),
    make("umbrella", "Umbrella",
         "A handle of cherry wood, ten ribs of fibreglass and a canopy that turns the rain away. Survives gales.",
         4'499, kListOf<kTravel>)};

}  // namespace

std::span<const Product> all_products() noexcept { return kProducts; }

const Product& product(std::string_view id) {
  const auto* const found =
      std::find_if(kProducts.begin(), kProducts.end(), [&](const Product& one) { return one.id == id; });
  if (found == kProducts.end()) {
    throw mortise::Error(mortise::Status::not_found, "there is no product '" + std::string(id) + "'");
  }
  return *found;
}

}  // namespace boutique
