// The pages that are looked at: they change nothing but the currency.
#include "cookies.hpp"
#include "shop.hpp"

namespace boutique::frontend {
namespace {

using mortise::Error;
using mortise::Status;

constexpr std::size_t kLongestQuery = 200;

/// Where a form says that its visitor comes from, if that is a page of the shop.
std::string back_to(std::string_view path) {
  const bool is_ours = path == "/shop" || path.starts_with("/shop/") || path.starts_with("/shop?");
  return is_ours ? std::string(path) : "/shop";
}

}  // namespace

void Shop::show_home(const Request& request, Response& response) const {
  const auto who = visit(request);
  const auto products = cards_of(who, services_.catalog->list());
  send_page(response, pages_.home(frame(who, "Good things, made to last", glance_at_items_of(who)), products));
}

void Shop::search(const Request& request, Response& response) const {
  const auto query = request.query("q").value_or("");
  if (query.size() > kLongestQuery || !is_text(query)) {
    throw Error(Status::invalid_argument, "This cannot be searched for: a few words will do.");
  }
  const auto who = visit(request);
  const auto found = cards_of(who, services_.catalog->search(query));
  auto around = frame(who, "Search", glance_at_items_of(who));
  around.query = query;
  around.back = request.target();
  send_page(response, pages_.search(around, found));
}

void Shop::show_product(const Request& request, Response& response) const {
  render_product(request, response, request.param("id"), "1", {});
}

void Shop::render_product(const Request& request, Response& response, std::string_view id, std::string_view quantity,
                          std::string_view message) const {
  if (!is_product_id(id)) no_such_product();
  const auto who = visit(request);
  const auto product = services_.catalog->get(id);
  const auto path = std::string("/shop/products/").append(id);
  const auto items = glance_at_items_of(who);
  auto around = frame(who, product.name, items, {product.categories.data(), product.categories.size()});
  around.back = path;
  const auto known = products_in(items, 1);
  known.back() = product.id;
  const ProductView view{.card = card_of(who, product),
                         .description = product.description,
                         .recommended = recommend(who, known),
                         .quantity = quantity,
                         .message = message};
  if (!message.empty()) response.status(400);
  send_page(response, pages_.product(around, view));
}

void Shop::choose_currency(const Request& request, Response& response) const {
  const auto form = form_of(request);
  const auto code = form.get("currency");
  for (const auto& known : services_.currency->supported()) {
    if (known != code) continue;
    response.header("Set-Cookie", keep_currency(code, request.is_secure())).redirect(back_to(form.get("back")));
    return;
  }
  throw Error(Status::invalid_argument, "There are no prices in that currency.");
}

}  // namespace boutique::frontend
