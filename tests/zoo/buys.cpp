// Buys in the boutique over HTTP, for whoever has the name of a cart and the key of an order:
//   GET, POST, PUT, DELETE /buys/carts/{cart}   its lines; the others take ?product=P&quantity=N
//   POST, GET /buys/orders/{key}                places one of ?cart=C for the customer in the body; shows it
//   GET /buys/keys/{key}                        what has become of it, for who has ?cart=C
//   GET /buys/transactions/{key}                what it was charged with, empty: it was not
//   GET /buys/mails/{key}                       the confirmation
// A GET answers as soon as there is an order or a mail with ?wait, and with ?without=P as soon as P is not in the cart.
#include <boutique/cart.hpp>
#include <boutique/checkout.hpp>
#include <boutique/email.hpp>
#include <boutique/payment.hpp>
#include <mortise/mortise.hpp>

#include <chrono>
#include <string>
#include <thread>

namespace {

using boutique::Money;
using mortise::Error;
using mortise::Request;
using mortise::Response;
using mortise::Status;
using nlohmann::json;

json to_json(const Money& money) {
  return {{"currency", money.currency.view()}, {"units", money.units}, {"nanos", money.nanos}};
}

json to_json(const boutique::Order& order) {
  auto lines = json::array();
  for (const auto& line : order.lines) {
    lines.push_back({{"product", line.product.view()},
                     {"name", line.name.view()},
                     {"quantity", line.quantity},
                     {"price", to_json(line.price)}});
  }
  return {{"id", order.id.view()},        {"tracking", order.tracking.view()},
          {"email", order.email.view()},  {"street", order.address.street.view()},
          {"lines", std::move(lines)},    {"shipping", to_json(order.shipping)},
          {"total", to_json(order.total)}};
}

template <class C>
const C& present(const mortise::OptionalSlot<C>& slot) {
  if (const auto* const service = slot.get()) return *service;
  throw Error(Status::unavailable, "the service is not there");
}

std::int32_t number_of(const Request& request, const char* name) {
  return std::stoi(std::string(request.query(name).value_or("1")));
}

/// What `ask` returns; where it may wait, as soon as `is_there` is true for that, or `ask` finds it at all.
template <class Ask, class Test>
json answer_to(bool may_wait, const Ask& ask, const Test& is_there) {
  using namespace std::chrono_literals;
  for (const auto until = std::chrono::steady_clock::now() + 50s;; std::this_thread::sleep_for(10ms)) {
    const mortise::ArenaScope round;
    const bool is_last = !may_wait || std::chrono::steady_clock::now() >= until;
    try {
      const json found = ask();
      if (is_last || is_there(found)) return found;
    } catch (const Error& error) {
      if (is_last || error.status() != Status::not_found) throw;
    }
  }
}
template <class Ask>
json answer_to(const Request& request, const Ask& ask) {
  return answer_to(request.query("wait").has_value(), ask, [](const json&) { return true; });
}

class Buys : public mortise::Plugin {
 public:
  explicit Buys(mortise::Context& ctx)
      : cart_(ctx.require_optional<boutique::Cart>()),
        checkout_(ctx.require_optional<boutique::Checkout>()),
        email_(ctx.require_optional<boutique::Email>()),
        payment_(ctx.require_optional<boutique::Payment>()) {
    const mortise::RouteOptions blocking{.body_limit_bytes = 65536, .stream_body = false, .blocking = true};
    const auto on = [&](const char* method, const char* path, void (Buys::*handler)(const Request&, Response&) const) {
      ctx.http().route(method, path, blocking,
                       [this, handler](const Request& req, Response& res) { (this->*handler)(req, res); });
    };
    on("GET", "/buys/carts/{cart}", &Buys::show_cart);
    on("POST", "/buys/carts/{cart}", &Buys::add);
    on("PUT", "/buys/carts/{cart}", &Buys::set);
    on("DELETE", "/buys/carts/{cart}", &Buys::empty);
    on("POST", "/buys/orders/{key}", &Buys::place);
    on("GET", "/buys/orders/{key}", &Buys::show_order);
    on("GET", "/buys/keys/{key}", &Buys::show_key);
    on("GET", "/buys/transactions/{key}", &Buys::show_transaction);
    on("GET", "/buys/mails/{key}", &Buys::show_mail);
  }

 private:
  void show_cart(const Request& request, Response& response) const {
    const auto ask = [&] {
      auto lines = json::object();
      for (const auto& item : present(cart_).items(request.param("cart"))) lines[item.product.string()] = item.quantity;
      return lines;
    };
    const std::string product(request.query("without").value_or(""));
    response.json(answer_to(!product.empty(), ask, [&](const json& lines) { return !lines.contains(product); }));
  }
  void add(const Request& request, Response& response) const {
    present(cart_).add(request.param("cart"), request.query("product").value_or(""), number_of(request, "quantity"));
    response.no_content();
  }
  void set(const Request& request, Response& response) const {
    present(cart_).set(request.param("cart"), request.query("product").value_or(""), number_of(request, "quantity"));
    response.no_content();
  }
  void empty(const Request& request, Response& response) const {
    present(cart_).empty(request.param("cart"));
    response.no_content();
  }

  void place(const Request& request, Response& response) const {
    const auto body = request.json();
    const auto text = [&](const char* name) { return body.at(name).get_ref<const std::string&>(); };
    const auto number = [&](const char* name) { return body.at(name).get<std::int32_t>(); };
    const std::string email = text("email"), currency = text("currency"), name = text("name"), street = text("street"),
                      city = text("city"), postal_code = text("postal_code"), country = text("country"),
                      card = text("card");
    response.json(to_json(
        present(checkout_).place(request.param("key"), request.query("cart").value_or(""),
                                 {email,
                                  currency,
                                  {name, street, city, postal_code, country},
                                  {card, number("security_code"), number("expiry_year"), number("expiry_month")}})));
  }
  void show_order(const Request& request, Response& response) const {
    response.json(answer_to(request, [&] { return to_json(present(checkout_).find(request.param("key"))); }));
  }
  void show_key(const Request& request, Response& response) const {
    const auto key = present(checkout_).state(request.param("key"), request.query("cart").value_or(""));
    response.json({{"state", key.state}, {"why", key.why.view()}});
  }
  void show_transaction(const Request& request, Response& response) const {
    response.text(present(payment_).transaction(request.param("key")).view());
  }
  void show_mail(const Request& request, Response& response) const {
    response.json(answer_to(request, [&] {
      const auto mail = present(email_).confirmation(request.param("key"));
      return json{{"to", mail.to.view()}, {"subject", mail.subject.view()}, {"text", mail.text.view()}};
    }));
  }

  mortise::OptionalSlot<boutique::Cart> cart_;
  mortise::OptionalSlot<boutique::Checkout> checkout_;
  mortise::OptionalSlot<boutique::Email> email_;
  mortise::OptionalSlot<boutique::Payment> payment_;
};

}  // namespace

MORTISE_PLUGIN(Buys)
