// Provides boutique.catalog/1. What it gives is constant: nothing is copied but the results of a search.
#include <string_view>
#include <vector>

#include <boutique/catalog.hpp>
#include <mortise/mortise.hpp>

#include "products.hpp"
#include "search.hpp"

namespace boutique {

class CatalogService : public mortise::Plugin {
 public:
  explicit CatalogService(mortise::Context& ctx) : search_(all_products()) { ctx.provide<Catalog>(*this); }

  mortise::List<Product> list() const { return all_products(); }
  Product get(std::string_view id) const { return product(id); }
  std::vector<Product> search(std::string_view query) const { return search_.find(query); }

 private:
  const Search search_;
};

}  // namespace boutique

MORTISE_PLUGIN(boutique::CatalogService)
