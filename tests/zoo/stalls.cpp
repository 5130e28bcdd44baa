// Sells, changes money and sends, for the boutique's checkout: boutique.catalog/1, boutique.currency/1 and
// boutique.shipping/1, with prices and rates that a test can reckon with. Sends nothing while its data directory has a
// file `closed`, nothing to AQ, and nothing to anybody while there is a file `full`, which check() does not know of.
#include <boutique/catalog.hpp>
#include <boutique/currency.hpp>
#include <boutique/shipping.hpp>
#include <mortise/mortise.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <string>

namespace {

using boutique::Money;
using boutique::Product;
using mortise::Error;
using mortise::Status;

struct Ware {
  std::string_view id;
  std::string_view name;
  Money price;
};
constexpr std::array<Ware, 3> kWares{{{"teapot", "Teapot", {"USD", 19, 900'000'000}},
                                      {"spoon", "Spoon", {"USD", 3, 333'333'333}},
                                      {"villa", "Villa", {"USD", boutique::kMostUnits, 0}}}};

/// One US dollar is so many of it.
struct Rate {
  mortise::Str code;
  std::int32_t rate;
};
constexpr std::array<Rate, 3> kRates{{{"EUR", 2}, {"JPY", 150}, {"USD", 1}}};

class Stalls : public mortise::Plugin {
 public:
  explicit Stalls(mortise::Context& ctx) : directory_(ctx.data_directory()) {
    ctx.provide<boutique::Catalog>(*this);
    ctx.provide<boutique::Currency>(*this);
    ctx.provide<boutique::Shipping>(*this);
  }

  [[nodiscard]] mortise::List<Product> list() const {
    const auto products = mortise::arena_array<Product>(kWares.size());
    std::transform(kWares.begin(), kWares.end(), products.begin(), &product);
    return std::span<const Product>(products);
  }
  [[nodiscard]] Product get(std::string_view id) const {
    const auto* const ware = std::find_if(kWares.begin(), kWares.end(), [&](const Ware& one) { return one.id == id; });
    if (ware == kWares.end()) throw Error(Status::not_found, "the stalls have no such thing");
    return product(*ware);
  }
  [[nodiscard]] mortise::List<Product> search(std::string_view) const { return list(); }

  [[nodiscard]] mortise::List<mortise::Str> supported() const {
    const auto codes = mortise::arena_array<mortise::Str>(kRates.size());
    std::transform(kRates.begin(), kRates.end(), codes.begin(), [](const Rate& one) { return one.code; });
    return std::span<const mortise::Str>(codes);
  }
  [[nodiscard]] Money convert(const Money& amount, std::string_view to) const {
    const auto* const rate =
        std::find_if(kRates.begin(), kRates.end(), [&](const Rate& one) { return one.code == to; });
    if (rate == kRates.end() || amount.currency != "USD")
      throw Error(Status::not_found, "the stalls have no such rate");
    auto worth = boutique::multiply(amount, rate->rate);
    worth.currency = rate->code;
    return worth;
  }

  [[nodiscard]] Money quote(std::int32_t things, std::string_view) const {
    return boutique::multiply({"USD", 0, 500'000'000}, things);
  }
  [[nodiscard]] std::string ship(std::string_view order, const boutique::Address& to) const {
    if (std::filesystem::exists(directory_ + "/closed")) throw Error(Status::unavailable, "the stalls are closed");
    check(to);
    if (std::filesystem::exists(directory_ + "/full")) throw Error(Status::invalid_argument, "nobody drives there now");
    return "stall-" + std::string(order);
  }
  void check(const boutique::Address& to) const {
    if (to.country == "AQ") throw Error(Status::invalid_argument, "the stalls do not send to the Antarctic");
  }

 private:
  static Product product(const Ware& ware) {
    Product product{};
    product.id = ware.id;
    product.name = ware.name;
    product.price = ware.price;
    return product;
  }

  std::string directory_;
};

}  // namespace

MORTISE_PLUGIN(Stalls)
