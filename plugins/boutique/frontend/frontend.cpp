// The boutique's storefront: server-rendered pages over the contracts of the other services.
#include <algorithm>
#include <mortise/mortise.hpp>

#include "boutique-frontend_assets.hpp"
#include "shop.hpp"

namespace boutique::frontend {
namespace {

/// The names of the pictures that the plugin brings.
std::vector<std::string_view> pictures() {
  constexpr std::string_view kEnding = ".svg";
  std::vector<std::string_view> names;
  for (const auto& asset : boutique_frontend_assets()) {
    const std::string_view path(asset.path.data, asset.path.size);
    if (path.ends_with(kEnding)) names.push_back(path.substr(0, path.size() - kEnding.size()));
  }
  return names;
}

}  // namespace

class Frontend : public mortise::Plugin {
 public:
  explicit Frontend(mortise::Context& ctx) : shop_(ctx, pictures()) {
    ctx.assets().mount("/shop/assets", boutique_frontend_assets());
    // What is looked at most runs where the request was read. It asks for a few rows at most, of a cart that its
    // visitor has just filled, so that they are in memory; whoever has no cart asks for none.
    const mortise::RouteOptions at_once{.body_limit_bytes = 16384};
    route(ctx, "GET", "/shop", at_once, &Shop::show_home);
    route(ctx, "GET", "/shop/search", at_once, &Shop::search);
    route(ctx, "GET", "/shop/products/{id}", at_once, &Shop::show_product);
    route(ctx, "POST", "/shop/currency", at_once, &Shop::choose_currency);
    route(ctx, "GET", "/shop/{path...}", at_once, &Shop::miss);
    // What writes to a service's database, or asks for what has been there for long, may wait for the disk.
    const mortise::RouteOptions on_disk{.body_limit_bytes = 16384, .stream_body = false, .blocking = true};
    route(ctx, "GET", "/shop/cart", on_disk, &Shop::show_cart);
    route(ctx, "POST", "/shop/cart", on_disk, &Shop::add_to_cart);
    route(ctx, "POST", "/shop/cart/{product}", on_disk, &Shop::set_in_cart);
    route(ctx, "POST", "/shop/cart/empty", on_disk, &Shop::empty_cart);
    route(ctx, "POST", "/shop/checkout", on_disk, &Shop::check_out);
    route(ctx, "GET", "/shop/orders/{id}", on_disk, &Shop::show_order);
  }

 private:
  void route(mortise::Context& ctx, std::string_view method, std::string_view pattern, mortise::RouteOptions options,
             Shop::Handler handler) {
    ctx.http().route(method, pattern, options,
                     [this, handler](const mortise::Request& request, mortise::Response& response) {
                       shop_.serve(handler, request, response);
                     });
  }

  Shop shop_;
};

}  // namespace boutique::frontend

MORTISE_PLUGIN(boutique::frontend::Frontend)
