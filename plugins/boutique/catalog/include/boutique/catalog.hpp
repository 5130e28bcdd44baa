// boutique.catalog/1: what is for sale. Published by the team of `boutique-catalog`.
#pragma once

#include <mortise/contract.hpp>

#include <string_view>

#include <boutique/money.hpp>

namespace boutique {

struct Product {
  mortise::Str id;  // lower-case letters, digits and '-'
  mortise::Str name;
  mortise::Str description;
  mortise::Str picture;  // the name of a picture of the storefront, "teapot" for teapot.svg
  Money price;           // for one, in USD
  mortise::List<mortise::Str> categories;
};

struct Catalog {
  /// Everything, in the order in which it is to be shown.
  mortise::Method<mortise::List<Product>()> list;
  /// Throws `not_found` for an id that there is not.
  mortise::Method<Product(std::string_view id)> get;
  /// What has each word of the query in its name, its description or a category, in whatever case; those with the words
  /// in the name first. Everything for a query without words.
  mortise::Method<mortise::List<Product>(std::string_view query)> search;
};
MORTISE_CONTRACT(Catalog, "boutique.catalog", 1, list, get, search)
MORTISE_IDEMPOTENT(Catalog, list, get, search)

}  // namespace boutique
