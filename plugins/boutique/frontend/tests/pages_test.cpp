#include "pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mortise/error.hpp>

namespace boutique::frontend {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kHostile = R"("><script>alert('&')</script>)";

class PagesTest : public testing::Test {
 protected:
  PagesTest() { frame.title = "Test"; }

  static CartView cart_with(const CheckoutForm* form) {
    CartView view{.lines = {},
                  .country = "DE",
                  .shipping = "$5.00",
                  .total = "$29.00",
                  .recommended = {},
                  .message = {},
                  .form = form};
    view.lines.push_back({{"mug", "Mug", "mug", "$12.00"}, 2, "$24.00"});
    return view;
  }

  const Pages pages{{"teapot", "mug"}};
  Frame frame;
};

TEST_F(PagesTest, ShowProductsWithPictureAndPrice) {
  const std::vector<ProductCard> products{{"mug", "Big mug", "mug", "$12.00"}, {"odd", "Odd", "unheard-of", "$1.00"}};
  const auto html = pages.home(frame, products);
  EXPECT_THAT(html, AllOf(HasSubstr(R"(href="/shop/products/mug")"), HasSubstr(R"(src="/shop/assets/mug.svg")"),
                          HasSubstr("Big mug"), HasSubstr("$12.00")));
  EXPECT_THAT(html, HasSubstr(R"(src="/shop/assets/parcel.svg")")) << "a picture that there is not";
}

TEST_F(PagesTest, ShowWhatIsAroundThem) {
  const mortise::Str codes[] = {"EUR", "USD"};
  frame.currencies = {codes, 2};
  frame.currency = "EUR";
  frame.things = 3;
  frame.back = "/shop/search?q=a&b";
  frame.ad = AdView{"Tea time", "teapot"};
  const auto html = pages.home(frame, {});
  EXPECT_THAT(html, AllOf(HasSubstr(R"(<option value="EUR" selected>EUR</option><option value="USD">USD</option>)"),
                          HasSubstr(R"(<span class="count">3)"), HasSubstr(R"(value="/shop/search?q=a&amp;b")"),
                          HasSubstr(R"(<a href="/shop/products/teapot">Tea time</a>)")));
}

TEST_F(PagesTest, DoWithoutWhatIsMissing) {
  const auto html = pages.home(frame, {});
  EXPECT_THAT(html, AllOf(Not(HasSubstr("class=\"ad\"")), Not(HasSubstr("class=\"count\"")),
                          Not(HasSubstr("class=\"currency\""))));
}

TEST_F(PagesTest, EscapeWhatComesFromElsewhere) {
  frame.title = frame.query = frame.back = kHostile;
  frame.ad = AdView{kHostile, kHostile};
  CheckoutForm form;
  form.key = form.email = form.name = form.street = form.city = form.postal_code = kHostile;
  form.expiry_month = form.expiry_year = kHostile;
  auto cart = cart_with(&form);
  cart.message = kHostile;
  cart.country = kHostile;
  cart.lines.push_back({{kHostile, kHostile, kHostile, std::string(kHostile)}, 1, std::string(kHostile)});
  cart.lines.push_back({{kHostile, kHostile, {}, {}}, 1, {}});
  const ProductView product{.card = {kHostile, kHostile, kHostile, std::string(kHostile)},
                            .description = kHostile,
                            .recommended = {{kHostile, kHostile, kHostile, std::string(kHostile)}},
                            .quantity = kHostile,
                            .message = kHostile};
  const mortise::Str text = kHostile;
  const OrderLine line{text, text, 1, {"USD", 1, 0}};
  const Order order{text, text, text, {text, text, text, text, text}, {&line, 1}, {"USD", 1, 0}, {"USD", 2, 0}};
  for (const auto& html : {pages.search(frame, {}), pages.product(frame, product), pages.cart(frame, cart),
                           pages.order(frame, {order, Message{text, text, text}}),
                           pages.order(frame, {order, {}, true}), pages.message(frame, {kHostile, kHostile})}) {
    EXPECT_THAT(html, AllOf(Not(HasSubstr("<script")), HasSubstr("&quot;&gt;&lt;script")));
  }
}

TEST_F(PagesTest, SayWhenNothingIsFound) {
  frame.query = "xyzzy";
  EXPECT_THAT(pages.search(frame, {}), AllOf(HasSubstr("Nothing has all of these words"), HasSubstr("“xyzzy”")));
  const std::vector<ProductCard> found{{"mug", "Mug", "mug", "$12.00"}};
  EXPECT_THAT(pages.search(frame, found), AllOf(HasSubstr("Mug"), Not(HasSubstr("Nothing has"))));
}

TEST_F(PagesTest, ShowAnEmptyCartAsSuch) {
  EXPECT_THAT(pages.cart(frame, {}), AllOf(HasSubstr("nothing in it yet"), Not(HasSubstr("/shop/checkout"))));
}

TEST_F(PagesTest, SayThatWhatIsInACartCannotBeTold) {
  CheckoutForm form;
  form.key = "k1";
  auto view = cart_with(&form);
  view.lines.clear();
  view.is_unknown = true;
  EXPECT_THAT(pages.cart(frame, view), AllOf(HasSubstr("cannot be shown at the moment"), HasSubstr(R"(value="k1")"),
                                             Not(HasSubstr("nothing in it yet"))));
}

TEST_F(PagesTest, ShowTheCheckOutFormAgainWithoutTheCard) {
  CheckoutForm form{.key = "k1",
                    .email = "ada@example.com",
                    .name = "Ada",
                    .street = "Ring 1",
                    .city = "Köln",
                    .postal_code = "50667",
                    .country = "DE",
                    .card_number = "4111111111111111",
                    .security_code = "987",
                    .expiry_month = "11",
                    .expiry_year = "2031"};
  auto view = cart_with(&form);
  view.message = "The card is refused.";
  const auto html = pages.cart(frame, view);
  EXPECT_THAT(html, AllOf(HasSubstr("The card is refused."), HasSubstr(R"(name="key" value="k1")"),
                          HasSubstr(R"(value="ada@example.com")"), HasSubstr(R"(value="Ring 1")"),
                          HasSubstr(R"(value="Köln")"), HasSubstr(R"(value="50667")"), HasSubstr(R"(value="2031")")));
  EXPECT_THAT(html, AllOf(HasSubstr(R"(<option value="DE" selected>Germany</option>)"),
                          HasSubstr("<strong>Germany</strong>"), HasSubstr(R"(name="country" value="DE")")));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("4111111111111111")), Not(HasSubstr("987"))));
}

TEST_F(PagesTest, ShowTheCheckOutFormAlsoWhenTheCartHasBecomeEmpty) {
  CheckoutForm form;
  form.key = "k1";
  auto view = cart_with(&form);
  view.lines.clear();
  EXPECT_THAT(pages.cart(frame, view), AllOf(HasSubstr("nothing in it yet"), HasSubstr(R"(name="key" value="k1")")));
}

TEST_F(PagesTest, SayThatCheckingOutIsNotPossible) {
  auto view = cart_with(nullptr);
  view.shipping.clear();
  EXPECT_THAT(pages.cart(frame, view), AllOf(HasSubstr("Checking out is not possible"), HasSubstr("without shipping"),
                                             Not(HasSubstr("/shop/checkout"))));
}

TEST_F(PagesTest, OfferToRemoveWhatIsSoldNoLonger) {
  auto view = cart_with(nullptr);
  view.lines = {{{"gone", "gone", {}, {}}, 1, {}}};
  EXPECT_THAT(pages.cart(frame, view), AllOf(HasSubstr("sold no longer"), HasSubstr(R"(action="/shop/cart/gone")"),
                                             Not(HasSubstr("quantity-gone"))));
}

TEST_F(PagesTest, ShowAnOrderWithAndWithoutItsEmail) {
  const OrderLine line{"mug", "Mug", 3, {"USD", 12, 500'000'000}};
  const Order order{"k1",       "T-1",         "ada@example.com",       {"Ada", "Ring 1", "Köln", "50667", "DE"},
                    {&line, 1}, {"USD", 5, 0}, {"USD", 42, 500'000'000}};
  EXPECT_THAT(pages.order(frame, {order, {}}),
              AllOf(HasSubstr("k1"), HasSubstr("T-1"), HasSubstr("Germany"), HasSubstr("3 × $12.50"),
                    HasSubstr("$37.50"), HasSubstr("$42.50"), Not(HasSubstr("We wrote to"))));
  const Message email{"ada@example.com", "Your order", "Dear Ada,\n\nthank you."};
  EXPECT_THAT(pages.order(frame, {order, email}),
              AllOf(HasSubstr("We wrote to ada@example.com"), HasSubstr("Dear Ada,\n\nthank you."),
                    Not(HasSubstr("cannot be shown"))));
  EXPECT_THAT(pages.order(frame, {order, {}, true}), HasSubstr("write to ada@example.com cannot be shown"));
}

TEST_F(PagesTest, OfTwoInstancesDoNotMix) {
  const Pages others{{"odd"}};
  const std::vector<ProductCard> products{{"odd", "Odd", "odd", "$1.00"}};
  EXPECT_THAT(pages.home(frame, products), HasSubstr("parcel.svg"));
  EXPECT_THAT(others.home(frame, products), HasSubstr("odd.svg"));
}

}  // namespace
}  // namespace boutique::frontend
