// Provides boutique.recommendation/1, of what the catalog has at that moment.
#include <span>
#include <string_view>
#include <vector>

#include <boutique/catalog.hpp>
#include <boutique/recommendation.hpp>
#include <mortise/mortise.hpp>

#include "choice.hpp"

namespace boutique {

class RecommendationService : public mortise::Plugin {
 public:
  explicit RecommendationService(mortise::Context& ctx) : catalog_(ctx.require<Catalog>()) {
    ctx.provide<Recommendation>(*this);
  }

  std::vector<mortise::Str> recommend(std::string_view visitor, std::span<const mortise::Str> known,
                                      std::int32_t most) const {
    const auto products = catalog_->list();
    return choose(products, visitor, known, most);
  }

 private:
  mortise::Slot<Catalog> catalog_;
};

}  // namespace boutique

MORTISE_PLUGIN(boutique::RecommendationService)
