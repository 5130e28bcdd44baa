// The shop: what each request is answered with. browsing.cpp has the pages that are looked at, cart_pages.cpp the cart,
// orders.cpp what becomes of it; shop.cpp is what they share.
#pragma once

#include <chrono>
#include <cstdint>
#include <mortise/mortise.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "occasional.hpp"
#include "pages.hpp"
#include "services.hpp"
#include "views.hpp"

namespace boutique::frontend {

/// Any thread; nothing in it changes but how often a part was missing. Whatever a handler throws becomes a page that
/// says so.
class Shop {
 public:
  using Request = mortise::Request;
  using Response = mortise::Response;
  using Handler = void (Shop::*)(const Request&, Response&) const;

  Shop(mortise::Context& ctx, std::vector<std::string_view> pictures)
      : services_(ctx), pages_(std::move(pictures)), log_(ctx.log()) {}

  /// Answers with `handler`, or with the page that fits what it throws.
  void serve(Handler handler, const Request& request, Response& response) const;

  void show_home(const Request& request, Response& response) const;
  void search(const Request& request, Response& response) const;
  void show_product(const Request& request, Response& response) const;
  void choose_currency(const Request& request, Response& response) const;

  void show_cart(const Request& request, Response& response) const;
  void add_to_cart(const Request& request, Response& response) const;
  void set_in_cart(const Request& request, Response& response) const;
  void empty_cart(const Request& request, Response& response) const;

  void check_out(const Request& request, Response& response) const;
  void show_order(const Request& request, Response& response) const;

  void miss(const Request& request, Response& response) const;  // for paths that lead nowhere

 private:
  /// What is known of who asks.
  struct Visit {
    std::string_view cart;   // its name; empty: nothing was put into one yet
    std::string_view order;  // the key that the last form had, as long as no order is known to be placed with it
    mortise::List<mortise::Str> currencies;
    mortise::Str currency;
    bool is_secure;
  };
  [[nodiscard]] Visit visit(const Request& request) const;
  [[nodiscard]] mortise::List<CartItem> items_of(const Visit& visit) const;
  /// The same for a page that only says how many there are: nothing where that cannot be told.
  [[nodiscard]] mortise::List<CartItem> glance_at_items_of(const Visit& visit) const;
  /// With an advertisement for those categories, and the number of things in the cart.
  [[nodiscard]] Frame frame(const Visit& visit, std::string_view title, mortise::List<CartItem> items,
                            std::span<const mortise::Str> categories = {}) const;
  [[nodiscard]] Money in_currency_of(const Visit& visit, const Money& money) const;
  [[nodiscard]] ProductCard card_of(const Visit& visit, const Product& product) const;
  [[nodiscard]] std::vector<ProductCard> cards_of(const Visit& visit, mortise::List<Product> products) const;
  [[nodiscard]] std::vector<ProductCard> recommend(const Visit& visit, std::span<const mortise::Str> known) const;
  /// A part of the page that the page can do without.
  struct Part {
    std::string_view name;
    Occasional lack{};
  };
  /// Runs `body` for such a part: what fails is left out, and logged once in a while.
  template <class Body>
  void decorate(Part& part, const Body& body) const {
    try {
      body();
    } catch (const mortise::Error& failure) {
      if (const auto pages = part.lack.note(Occasional::Clock::now())) log_lack(part, *pages, failure);
    }
  }
  void log_lack(const Part& part, std::uint64_t pages, const mortise::Error& failure) const;

  void render_product(const Request& request, Response& response, std::string_view id, std::string_view quantity,
                      std::string_view message) const;
  /// What the cart page has beside the cart.
  struct CartNote {
    std::string_view message;
    CheckoutForm form;
    bool is_sent = false;  // already, and may have to be again: it is shown whatever there is in the cart
  };
  void render_cart(const Visit& visit, Response& response, const CartNote& note) const;
  /// For a form, and what is known of it.
  struct FormKey {
    std::string key;
    std::int32_t state;  // of the last one: KeyState::kNotBegun also where that cannot be told
  };
  /// The last one's, unless another is needed.
  [[nodiscard]] FormKey key_for_form(const Visit& visit) const;
  /// Whether there is more in the cart than this order has of it; also where that cannot be told.
  [[nodiscard]] bool has_more_than(const Order& order, const Visit& visit) const;
  /// Nothing where it cannot be told.
  [[nodiscard]] std::optional<KeyState> state_of(std::string_view key, std::string_view cart) const;
  [[nodiscard]] std::vector<CartLine> lines_of(const Visit& visit, mortise::List<CartItem> items, Money& sum) const;
  [[nodiscard]] std::optional<Money> shipping_of(const Visit& visit, mortise::List<CartItem> items,
                                                 std::string_view country) const;
  void add_confirmation(OrderView& view) const;
  void render_message(Response& response, std::uint32_t status, const MessageView& view) const;
  void render_failure(Response& response, const mortise::Error& failure) const;

  Services services_;
  Pages pages_;
  mortise::Log log_;
  mutable Part things_{"number of things in the cart"};
  mutable Part advertisement_{"advertisement"};
  mutable Part recommendations_{"recommendations"};
  mutable Part cart_{"cart"};
  mutable Part shipping_{"shipping"};
  mutable Part confirmation_{"confirmation"};
  mutable Part key_{"what became of an order"};
};

// --- For the handlers.

/// What a visitor does not come for is not worth waiting for.
constexpr std::chrono::milliseconds kPatience{50};
/// What a page is poorer without, and may have to come from a disk: as long as hardly anybody minds.
constexpr std::chrono::milliseconds kLongerPatience{500};

/// Sends a page, with the headers that all of them have.
void send_page(mortise::Response& response, std::string_view html);
/// A form's fields. Throws `permission_denied` when another site's page has sent it, `invalid_argument` when it cannot
/// be read.
Form form_of(const mortise::Request& request);
/// Whether it may be a product's id; what may not need not be asked for.
bool is_product_id(std::string_view text) noexcept;
/// A service's message as a sentence: "the card has expired" with a capital and a full stop.
std::string sentence(std::string_view message);
/// In the scope's arena, with room for so many more behind them.
std::span<mortise::Str> products_in(mortise::List<CartItem> items, std::size_t more = 0);
[[noreturn]] void no_such_product();

}  // namespace boutique::frontend
