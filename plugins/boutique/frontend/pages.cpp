#include "pages.hpp"

#include <ctemplate/template.h>

#include <algorithm>
#include <boutique/cart.hpp>
#include <mortise/error.hpp>

#include "countries.hpp"
#include "money_text.hpp"
#include "templates.hpp"

namespace boutique::frontend {
namespace {

using ctemplate::TemplateDictionary;
using ctemplate::TemplateString;

constexpr auto kStrip = ctemplate::STRIP_WHITESPACE;
constexpr std::string_view kPlaceholder = "parcel";  // for a picture that there is not
constexpr std::size_t kUsualSize = 16384;            // of a page

/// A name in the templates, whose hash is reckoned once.
struct Name : TemplateString {
  explicit Name(const char* text) : TemplateString(text) { CacheGlobalId(); }
};
const Name kCard("CARD"), kId("ID"), kName("NAME"), kPicture("PICTURE"), kPrice("PRICE"), kCurrency("CURRENCY"),
    kCode("CODE"), kChosen("CHOSEN"), kLine("LINE"), kQuantity("QUANTITY"), kSum("SUM"), kCountry("COUNTRY"),
    kCountryName("COUNTRY_NAME"), kGrid("GRID");

/// The text outlives the dictionary.
TemplateString borrow(std::string_view text) { return {text.data() == nullptr ? "" : text.data(), text.size()}; }

void set(TemplateDictionary& to, const TemplateString& name, std::string_view text) {
  to.SetValueWithoutCopy(name, borrow(text));
}
void set(TemplateDictionary& to, const TemplateString& name, std::int64_t number) {
  to.SetValue(name, std::to_string(number));
}

void fill_message(TemplateDictionary& to, std::string_view message) {
  if (message.empty()) return;
  to.ShowSection("MESSAGE");
  set(to, "MESSAGE_TEXT", message);
}

void fill_frame(TemplateDictionary& to, const Frame& frame) {
  set(to, "TITLE", frame.title);
  set(to, "QUERY", frame.query);
  set(to, "BACK", frame.back);
  if (!frame.currencies.empty()) {
    auto& currencies = *to.AddSectionDictionary("CURRENCIES");
    for (const auto& code : frame.currencies) {
      auto& currency = *currencies.AddSectionDictionary(kCurrency);
      set(currency, kCode, code);
      if (code == frame.currency) currency.ShowSection(kChosen);
    }
  }
  if (frame.things > 0) {
    to.ShowSection("THINGS");
    set(to, "COUNT", frame.things);
  }
  if (frame.ad) {
    to.ShowSection("AD");
    set(to, "AD_TEXT", frame.ad->text);
    set(to, "AD_PRODUCT", frame.ad->product);
  }
}

void fill_countries(TemplateDictionary& to, std::string_view chosen) {
  for (const auto& country : countries()) {
    auto& option = *to.AddSectionDictionary(kCountry);
    set(option, kCode, country.code);
    set(option, kCountryName, country.name);
    if (country.code == chosen) option.ShowSection(kChosen);
  }
}

/// The card's number and its security code stay out.
void fill_form(TemplateDictionary& to, const CheckoutForm& form, std::string_view country) {
  const auto* const known = find_country(country);
  set(to, "KEY", form.key);
  set(to, "CHOSEN_CODE", country);
  set(to, "CHOSEN_COUNTRY", known == nullptr ? country : known->name);
  set(to, "EMAIL", form.email);
  set(to, "NAME_TYPED", form.name);
  set(to, "STREET", form.street);
  set(to, "CITY", form.city);
  set(to, "POSTAL_CODE", form.postal_code);
  set(to, "EXPIRY_MONTH", form.expiry_month);
  set(to, "EXPIRY_YEAR", form.expiry_year);
}

}  // namespace

Pages::Pages(std::vector<std::string_view> pictures) : pictures_(std::move(pictures)) {
  std::sort(pictures_.begin(), pictures_.end());
  add("grid", templates::grid);
  add_page("home", templates::home);
  add_page("search", templates::search);
  add_page("product", templates::product);
  add_page("cart", templates::cart);
  add_page("order", templates::order);
  add_page("message", templates::message);
  templates_.Freeze();  // so that nothing is ever looked for in the file system
}

void Pages::add(const char* name, std::string_view text) {
  if (!templates_.StringToTemplateCache(name, borrow(text), kStrip)) {
    throw mortise::Error(mortise::Status::internal, "the template '" + std::string(name) +
                                                        "' has a mistake, of which the host's standard error tells");
  }
}

/// Whole, so that the escaping knows where in the HTML each value goes to.
void Pages::add_page(const char* name, std::string_view body) {
  add(name, std::string(templates::head).append(body).append(templates::foot));
}

std::string Pages::render(const char* name, const Frame& frame, Dictionary& page) const {
  fill_frame(page, frame);
  std::string html;
  html.reserve(kUsualSize);
  if (!templates_.ExpandNoLoad(name, kStrip, &page, nullptr, &html)) {
    throw mortise::Error(mortise::Status::internal, "the template '" + std::string(name) + "' cannot be filled");
  }
  return html;
}

std::string_view Pages::known_picture(std::string_view name) const {
  return std::binary_search(pictures_.begin(), pictures_.end(), name) ? name : kPlaceholder;
}

void Pages::fill_card(Dictionary& to, const ProductCard& card) const {
  set(to, kId, card.id);
  set(to, kName, card.name);
  set(to, kPicture, known_picture(card.picture));
  set(to, kPrice, card.price);
}

void Pages::fill_grid(Dictionary& to, std::span<const ProductCard> cards) const {
  auto& grid = *to.AddIncludeDictionary(kGrid);
  grid.SetFilename("grid");
  for (const auto& card : cards) fill_card(*grid.AddSectionDictionary(kCard), card);
}

std::string Pages::home(const Frame& frame, std::span<const ProductCard> products) const {
  Dictionary page("home");
  fill_grid(page, products);
  return render("home", frame, page);
}

std::string Pages::search(const Frame& frame, std::span<const ProductCard> found) const {
  Dictionary page("search");
  page.ShowSection(frame.query.empty() ? "UNQUERIED" : "QUERIED");
  if (found.empty()) {
    page.ShowSection("NOT_FOUND");
  } else {
    fill_grid(*page.AddSectionDictionary("FOUND"), found);
  }
  return render("search", frame, page);
}

std::string Pages::product(const Frame& frame, const ProductView& view) const {
  Dictionary page("product");
  fill_card(page, view.card);
  set(page, "DESCRIPTION", view.description);
  set(page, kQuantity, view.quantity);
  set(page, "MOST", kMostOfOne);
  fill_message(page, view.message);
  if (!view.recommended.empty()) fill_grid(*page.AddSectionDictionary("RECOMMENDED"), view.recommended);
  return render("product", frame, page);
}

std::string Pages::cart(const Frame& frame, const CartView& view) const {
  Dictionary page("cart");
  fill_message(page, view.message);
  if (view.is_unknown) {
    page.ShowSection("UNKNOWN");
  } else if (view.lines.empty()) {
    page.ShowSection("EMPTY");
  } else {
    fill_cart(*page.AddSectionDictionary("FULL"), view);
  }
  if (view.form != nullptr) fill_form(*page.AddSectionDictionary("CHECKOUT"), *view.form, view.country);
  if (!view.recommended.empty()) fill_grid(*page.AddSectionDictionary("RECOMMENDED"), view.recommended);
  return render("cart", frame, page);
}

void Pages::fill_cart(Dictionary& to, const CartView& view) const {
  set(to, "MOST", kMostOfOne);
  for (const auto& line : view.lines) {
    auto& shown = *to.AddSectionDictionary(kLine);
    fill_card(shown, line.card);
    set(shown, kQuantity, line.quantity);
    set(shown, kSum, line.sum);
    shown.ShowSection(line.card.price.empty() ? "GONE" : "FOR_SALE");
  }
  fill_countries(to, view.country);
  to.ShowSection(view.shipping.empty() ? "NO_SHIPPING" : "SHIPPING");
  set(to, "SHIPPING_COST", view.shipping);
  set(to, "TOTAL", view.total);
  if (view.form == nullptr) to.ShowSection("NO_CHECKOUT");
}

std::string Pages::order(const Frame& frame, const OrderView& view) const {
  Dictionary page("order");
  const auto& order = view.order;
  const auto* const country = find_country(order.address.country);
  set(page, "ORDER", order.id);
  set(page, "TRACKING", order.tracking);
  set(page, "CUSTOMER", order.address.name);
  set(page, "STREET", order.address.street);
  set(page, "POSTAL_CODE", order.address.postal_code);
  set(page, "CITY", order.address.city);
  set(page, kCountryName, country == nullptr ? order.address.country.view() : country->name);
  for (const auto& line : order.lines) {
    auto& shown = *page.AddSectionDictionary(kLine);
    set(shown, kId, line.product);
    set(shown, kName, line.name);
    set(shown, kQuantity, line.quantity);
    shown.SetValue(kPrice, to_text(line.price));
    shown.SetValue(kSum, to_text(multiply(line.price, line.quantity)));
  }
  page.SetValue("SHIPPING_COST", to_text(order.shipping));
  page.SetValue("TOTAL", to_text(order.total));
  if (view.email) {
    auto& email = *page.AddSectionDictionary("EMAIL");
    set(email, "EMAIL_TO", view.email->to);
    set(email, "EMAIL_SUBJECT", view.email->subject);
    set(email, "EMAIL_TEXT", view.email->text);
  }
  if (view.is_email_unknown) {
    page.ShowSection("EMAIL_UNKNOWN");
    set(page, "EMAIL_TO", order.email);
  }
  return render("order", frame, page);
}

std::string Pages::message(const Frame& frame, const MessageView& view) const {
  Dictionary page("message");
  set(page, "HEADING", view.heading);
  set(page, "TEXT", view.text);
  return render("message", frame, page);
}

}  // namespace boutique::frontend
