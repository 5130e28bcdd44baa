#include "search.hpp"

#include <algorithm>

namespace boutique {
namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return lowered;
}

std::vector<std::string_view> words_of(std::string_view query) {
  constexpr std::string_view kBlanks = " \t\r\n\f\v";
  std::vector<std::string_view> words;
  for (auto begin = query.find_first_not_of(kBlanks); begin != std::string_view::npos;) {
    const auto end = std::min(query.find_first_of(kBlanks, begin), query.size());
    words.push_back(query.substr(begin, end - begin));
    begin = query.find_first_not_of(kBlanks, end);
  }
  return words;
}

bool has_all(std::string_view text, const std::vector<std::string_view>& words) {
  return std::all_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

}  // namespace

Search::Search(std::span<const Product> products) {
  for (const auto& product : products) {
    auto text = product.name.string() + '\n' + product.description.string();
    for (const auto category : product.categories) text.append(1, '\n').append(category);
    entries_.push_back({&product, lower(product.name), lower(text)});
  }
}

std::vector<Product> Search::find(std::string_view query) const {
  const auto lowered = lower(query);
  const auto words = words_of(lowered);
  std::vector<Product> found;
  for (const bool is_in_name : {true, false}) {
    for (const auto& entry : entries_) {
      if (has_all(entry.name, words) == is_in_name && has_all(entry.text, words)) found.push_back(*entry.product);
    }
  }
  return found;
}

}  // namespace boutique
