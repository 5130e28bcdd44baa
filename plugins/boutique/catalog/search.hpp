// Finds products by words. Knows nothing of the host.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boutique/catalog.hpp>

namespace boutique {

/// Immutable once it is built: any thread may search.
class Search {
 public:
  /// Of `products`, which outlive it.
  explicit Search(std::span<const Product> products);

  /// As boutique.catalog/1 has it. A word is what stands between blanks, and also found inside of other words; case is
  /// that of ASCII letters.
  [[nodiscard]] std::vector<Product> find(std::string_view query) const;

 private:
  struct Entry {
    const Product* product;
    std::string name;  // in lower case, as all that is searched
    std::string text;  // name, description and categories, a line each
  };
  std::vector<Entry> entries_;
};

}  // namespace boutique
