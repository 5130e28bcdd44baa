#include "choice.hpp"

#include <algorithm>
#include <tuple>

namespace boutique {
namespace {

bool contains(std::span<const mortise::Str> texts, mortise::Str text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

/// Where a product stands in a visitor's own order: as good as random, and the same on every machine (FNV-1a, and the
/// end of splitmix64, without which visitors whose names differ in their last character would have orders alike).
std::uint64_t place(std::string_view visitor, std::string_view product) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const auto text : {product, visitor}) {
    for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  value = (value ^ value >> 30U) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27U) * 0x94d049bb133111eb;
  return value ^ value >> 31U;
}

struct Candidate {
  bool is_stranger;  // shares no category
  std::uint64_t place;
  mortise::Str id;

  friend bool operator<(const Candidate& a, const Candidate& b) {
    return std::tuple(a.is_stranger, a.place, a.id.view()) < std::tuple(b.is_stranger, b.place, b.id.view());
  }
};

}  // namespace

std::vector<mortise::Str> choose(std::span<const Product> products, std::string_view visitor,
                                 std::span<const mortise::Str> known, std::int32_t most) {
  std::vector<mortise::Str> liked;  // categories
  for (const auto& product : products) {
    if (contains(known, product.id)) liked.insert(liked.end(), product.categories.begin(), product.categories.end());
  }
  std::vector<Candidate> candidates;
  candidates.reserve(products.size());
  for (const auto& product : products) {
    if (contains(known, product.id)) continue;
    const bool is_stranger = std::none_of(product.categories.begin(), product.categories.end(),
                                          [&](mortise::Str category) { return contains(liked, category); });
    candidates.push_back({is_stranger, place(visitor, product.id), product.id});
  }
  const auto count = std::min(static_cast<std::size_t>(std::max(most, 0)), candidates.size());
  const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(candidates.begin(), end, candidates.end());
  std::vector<mortise::Str> ids(count);
  std::transform(candidates.begin(), end, ids.begin(), [](const Candidate& one) { return one.id; });
  return ids;
}

}  // namespace boutique
