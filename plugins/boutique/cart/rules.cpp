#include "rules.hpp"

#include <algorithm>
#include <boutique/cart.hpp>
#include <mortise/error.hpp>
#include <string>

namespace boutique {
namespace {

using mortise::Error;
using mortise::Status;

constexpr std::size_t kNameDigits = 32;
constexpr std::size_t kMostProductBytes = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hexadecimal(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_of_product(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-'; }

}  // namespace

void check_cart(std::string_view name) {
  if (name.size() == kNameDigits && std::all_of(name.begin(), name.end(), is_hexadecimal)) return;
  // The name is not repeated: it is a secret, and what stands in its place may be one, too.
  throw Error(Status::invalid_argument, "a cart's name has 32 hexadecimal digits");
}

void check_product(std::string_view id) {
  const bool has_size = !id.empty() && id.size() <= kMostProductBytes;
  if (has_size && std::all_of(id.begin(), id.end(), is_of_product)) return;
  throw Error(Status::invalid_argument, "a product's id has 1 to 64 lower-case letters, digits and '-'");
}

void check_added(std::int32_t quantity) {
  if (quantity >= 1) return;
  throw Error(Status::invalid_argument, "cannot add " + std::to_string(quantity) + " of a product; add at least 1");
}

void check_in_cart(std::string_view product, std::int64_t quantity) {
  if (quantity < 0) {
    throw Error(Status::invalid_argument, "there cannot be " + std::to_string(quantity) + " of a product in a cart");
  }
  if (quantity > kMostOfOne) {
    throw Error(Status::out_of_range, "a cart holds at most " + std::to_string(kMostOfOne) + " of one product; of '" +
                                          std::string(product) + "' it would be " + std::to_string(quantity));
  }
}

void check_products(std::int64_t count) {
  if (count <= kMostProducts) return;
  throw Error(Status::out_of_range, "a cart holds at most " + std::to_string(kMostProducts) + " products");
}

}  // namespace boutique
