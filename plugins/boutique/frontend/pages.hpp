// The pages as HTML. Templates are parsed once, here; what goes into them is escaped by ctemplate for the place that it
// goes to.
#pragma once

#include <ctemplate/template_cache.h>
#include <ctemplate/template_dictionary.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "views.hpp"

namespace boutique::frontend {

/// Any thread. Each instance has templates of its own, so that two versions of the plugin in one process do not see
/// each other's.
class Pages {
 public:
  /// `pictures`: the names of those that there are, which outlive it. Throws `internal` for a faulty template.
  explicit Pages(std::vector<std::string_view> pictures);

  [[nodiscard]] std::string home(const Frame& frame, std::span<const ProductCard> products) const;
  /// What `frame.query` has found.
  [[nodiscard]] std::string search(const Frame& frame, std::span<const ProductCard> found) const;
  [[nodiscard]] std::string product(const Frame& frame, const ProductView& view) const;
  [[nodiscard]] std::string cart(const Frame& frame, const CartView& view) const;
  [[nodiscard]] std::string order(const Frame& frame, const OrderView& view) const;
  [[nodiscard]] std::string message(const Frame& frame, const MessageView& view) const;

 private:
  using Dictionary = ctemplate::TemplateDictionary;

  void add(const char* name, std::string_view text);
  void add_page(const char* name, std::string_view body);
  [[nodiscard]] std::string render(const char* name, const Frame& frame, Dictionary& page) const;
  void fill_card(Dictionary& to, const ProductCard& card) const;
  void fill_grid(Dictionary& to, std::span<const ProductCard> cards) const;
  void fill_cart(Dictionary& to, const CartView& view) const;
  [[nodiscard]] std::string_view known_picture(std::string_view name) const;

  std::vector<std::string_view> pictures_;  // sorted
  ctemplate::TemplateCache templates_;
};

}  // namespace boutique::frontend
