#include "shop.hpp"

#include <algorithm>
#include <numeric>

#include "cookies.hpp"
#include "money_text.hpp"

namespace boutique::frontend {
namespace {

using mortise::Error;
using mortise::Status;

constexpr std::int32_t kRecommended = 4;
constexpr mortise::Str kUsualCurrency = "USD";

/// Nothing of it comes from elsewhere, and no script runs.
constexpr const char* kContentPolicy =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

std::uint32_t http_status_of(Status status) {
  switch (status) {
    case Status::not_found: return 404;
    case Status::permission_denied: return 403;
    case Status::invalid_argument:
    case Status::out_of_range: return 400;
    case Status::failed_precondition:  // nobody's here: something on the way to a service does not let calls through
    case Status::unavailable:
    case Status::resource_exhausted: return 503;
    case Status::deadline_exceeded: return 504;
    default: return 500;
  }
}

}  // namespace

void send_page(mortise::Response& response, std::string_view html) {
  // An order's address is nobody else's, and a page shows one visitor's cart.
  response.header("Content-Security-Policy", kContentPolicy)
      .header("Referrer-Policy", "same-origin")
      .header("X-Content-Type-Options", "nosniff")
      .header("Cache-Control", "private, no-cache")
      .html(html);
}

Form form_of(const mortise::Request& request) {
  // Browsers say where a form comes from; programs need not.
  const auto site = request.header("Sec-Fetch-Site").value_or("none");
  if (site != "none" && site != "same-origin") {
    throw Error(Status::permission_denied, "This form was sent by a page of another site.");
  }
  const auto type = request.header("Content-Type").value_or("");
  if (type.substr(0, type.find(';')) != "application/x-www-form-urlencoded") {
    throw Error(Status::invalid_argument, "The form must be sent as application/x-www-form-urlencoded.");
  }
  return Form(request.body());
}

bool is_product_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::string sentence(std::string_view message) {
  std::string text(message);
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') text.front() -= 'a' - 'A';
  if (!text.empty() && std::string_view(".!?").find(text.back()) == std::string_view::npos) text += '.';
  return text;
}

std::span<mortise::Str> products_in(mortise::List<CartItem> items, std::size_t more) {
  const auto products = mortise::arena_array<mortise::Str>(items.size() + more);
  std::transform(items.begin(), items.end(), products.begin(), [](const CartItem& item) { return item.product; });
  return products;
}

void no_such_product() { throw Error(Status::not_found, "There is no such product. It may be sold no longer."); }

void Shop::serve(Handler handler, const Request& request, Response& response) const {
  try {
    (this->*handler)(request, response);
  } catch (const Error& failure) {
    render_failure(response, failure);
  }
}

void Shop::log_lack(const Part& part, std::uint64_t pages, const Error& failure) const {
  log_.warning(
      "pages lack a part",
      {{"part", part.name}, {"pages", std::to_string(pages)}, {"reason", failure.what()}, {"way", failure.context()}});
}

void Shop::miss(const Request&, Response&) const { throw Error(Status::not_found, "There is nothing here."); }

void Shop::render_failure(Response& response, const Error& failure) const {
  const auto status = http_status_of(failure.status());
  if (status == 404) return render_message(response, status, {"Not found", sentence(failure.what())});
  if (status < 500) return render_message(response, status, {"This did not work", sentence(failure.what())});
  log_.warning("a page could not be shown", {{"reason", failure.what()}, {"way", failure.context()}});
  render_message(
      response, status,
      {"Something is out of order", "The shop cannot do this at the moment. Please try it again a little later."});
}

void Shop::render_message(Response& response, std::uint32_t status, const MessageView& view) const {
  Frame around;
  around.title = view.heading;
  response.status(status);
  send_page(response, pages_.message(around, view));
}

Shop::Visit Shop::visit(const Request& request) const {
  const auto cookies = request.header("Cookie").value_or("");
  Visit visit{.cart = cart_of(cookies).value_or(""),
              .order = order_of(cookies).value_or(""),
              .currencies = services_.currency->supported(),
              .currency = {},
              .is_secure = request.is_secure()};
  const auto wanted = currency_of(cookies).value_or(kUsualCurrency);
  const bool is_known = std::find(visit.currencies.begin(), visit.currencies.end(), wanted) != visit.currencies.end();
  visit.currency = is_known ? mortise::Str(wanted) : kUsualCurrency;
  return visit;
}

mortise::List<CartItem> Shop::items_of(const Visit& visit) const {
  if (visit.cart.empty()) return {};
  return services_.cart->items(visit.cart);
}

mortise::List<CartItem> Shop::glance_at_items_of(const Visit& visit) const {
  mortise::List<CartItem> items;
  decorate(things_, [&] {
    const mortise::TimeLimit limit(kPatience);
    items = items_of(visit);
  });
  return items;
}

Frame Shop::frame(const Visit& visit, std::string_view title, mortise::List<CartItem> items,
                  std::span<const mortise::Str> categories) const {
  Frame frame;
  frame.title = title;
  frame.currencies = visit.currencies;
  frame.currency = visit.currency;
  frame.things = std::accumulate(items.begin(), items.end(), std::int64_t{0},
                                 [](std::int64_t sum, const CartItem& item) { return sum + item.quantity; });
  decorate(advertisement_, [&] {
    const auto* const ads = services_.ads.get();
    if (ads == nullptr) return;
    const mortise::TimeLimit limit(kPatience);
    const auto picked = ads->pick(categories, 1);
    if (!picked.empty()) frame.ad = AdView{picked[0].text, picked[0].product};
  });
  return frame;
}

Money Shop::in_currency_of(const Visit& visit, const Money& money) const {
  return services_.currency->convert(money, visit.currency);
}

ProductCard Shop::card_of(const Visit& visit, const Product& product) const {
  return {product.id, product.name, product.picture, to_text(in_currency_of(visit, product.price))};
}

std::vector<ProductCard> Shop::cards_of(const Visit& visit, mortise::List<Product> products) const {
  std::vector<ProductCard> cards;
  cards.reserve(products.size());
  for (const auto& product : products) cards.push_back(card_of(visit, product));
  return cards;
}

std::vector<ProductCard> Shop::recommend(const Visit& visit, std::span<const mortise::Str> known) const {
  std::vector<ProductCard> cards;
  decorate(recommendations_, [&] {
    const auto* const recommendation = services_.recommendation.get();
    if (recommendation == nullptr) return;
    const mortise::TimeLimit limit(kPatience);
    for (const auto& id : recommendation->recommend(visit.cart, known, kRecommended)) {
      cards.push_back(card_of(visit, services_.catalog->get(id)));
    }
  });
  return cards;
}

}  // namespace boutique::frontend
