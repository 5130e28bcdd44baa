// Visitors of the boutique's storefront, each of whom waits for a page before asking for the next one (a closed loop):
// what they do, and how often, is the mix of the original demo's load generator. The same seed makes the same visits.
// Prints one JSON object. Usage: bench_shoppers PORT VISITORS SECONDS SEED
#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "browser.hpp"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::array<std::string_view, 15> kProducts{
    "teapot",  "mug",      "lantern", "blanket",    "cutting-board", "watering-can", "notebook", "fountain-pen",
    "hammock", "rucksack", "compass", "enamel-pot", "candle",        "wall-clock",   "umbrella"};
constexpr std::array<std::string_view, 6> kCurrencies{"EUR", "USD", "JPY", "CAD", "GBP", "TRY"};

enum Action : std::size_t { kIndex, kCurrency, kBrowse, kAdd, kCart, kCheckout, kActions };
constexpr std::array<const char*, kActions> kNames{"index",       "set currency", "browse product",
                                                   "add to cart", "view cart",    "checkout"};
constexpr std::array<int, kActions> kWeights{1, 2, 10, 2, 3, 1};

/// Of each page, how long it took, and how many were not what they should be.
struct Seen {
  std::array<std::vector<std::uint32_t>, kActions> pages_us;
  std::uint64_t failed = 0;
  std::uint64_t orders = 0;
};

class Visitor {
 public:
  Visitor(std::uint16_t port, unsigned seed) : browser_(port), random_(seed) {}

  Seen visit_until(Clock::time_point end) {
    std::discrete_distribution<std::size_t> draw(kWeights.begin(), kWeights.end());
    while (Clock::now() < end) {
      action_ = draw(random_);
      switch (action_) {
        case kIndex: get("/shop"); break;
        case kCurrency: post("/shop/currency", "currency=" + std::string(any(kCurrencies))); break;
        case kBrowse: get("/shop/products/" + std::string(any(kProducts))); break;
        case kAdd: add_to_cart(); break;
        case kCart: get("/shop/cart"); break;
        default: check_out();
      }
    }
    return std::move(seen_);
  }

 private:
  template <class List>
  std::string_view any(const List& list) {
    return list[std::uniform_int_distribution<std::size_t>(0, list.size() - 1)(random_)];
  }

  Page get(std::string_view target) {
    return take([&] { return browser_.get(target); }, 200);
  }
  /// And sees the page that it leads to.
  Page post(std::string_view target, std::string_view form) {
    const auto page = take([&] { return browser_.post(target, form); }, 303);
    return page.location.empty() ? page : get(page.location);
  }
  template <class Ask>
  Page take(const Ask& ask, unsigned expected) {
    const auto begin = Clock::now();
    auto page = ask();
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
    seen_.pages_us[action_].push_back(static_cast<std::uint32_t>(took.count()));
    if (page.status != expected) ++seen_.failed;
    return page;
  }

  Page add_to_cart() {
    const std::string product(any(kProducts));
    get("/shop/products/" + product);
    const auto quantity = std::uniform_int_distribution<int>(1, 3)(random_);
    return post("/shop/cart", "product=" + product + "&quantity=" + std::to_string(quantity));
  }

  void check_out() {
    auto cart = add_to_cart();
    constexpr std::string_view kField = "name=\"key\" value=\"";
    const auto at = cart.body.find(kField);
    if (at == std::string::npos) {
      ++seen_.failed;
      return;
    }
    const auto begin = at + kField.size();
    const auto key = cart.body.substr(begin, cart.body.find('"', begin) - begin);
    const auto order = post(
        "/shop/checkout", "key=" + key +
                              "&country=US&email=someone%40example.com&name=Ada&street=1+Main+Street&postal_code=94043"
                              "&city=Mountain+View&card_number=4432801561520454&expiry_month=1&expiry_year=2039"
                              "&security_code=672");
    if (order.status == 200) ++seen_.orders;
  }

  Browser browser_;
  std::mt19937 random_;
  std::size_t action_ = kIndex;
  Seen seen_;
};

std::uint32_t percentile(std::vector<std::uint32_t>& all, double share) {
  if (all.empty()) return 0;
  const auto at = all.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(all.size() - 1));
  std::nth_element(all.begin(), at, all.end());
  return *at;
}

void print(const std::vector<Seen>& visits, double seconds) {
  std::vector<std::uint32_t> all;
  std::uint64_t failed = 0;
  std::uint64_t orders = 0;
  std::string actions;
  for (std::size_t action = 0; action < kActions; ++action) {
    std::vector<std::uint32_t> pages;
    for (const auto& one : visits) {
      pages.insert(pages.end(), one.pages_us[action].begin(), one.pages_us[action].end());
    }
    all.insert(all.end(), pages.begin(), pages.end());
    const auto p50 = percentile(pages, 0.5);
    const auto p99 = percentile(pages, 0.99);
    actions += std::string(actions.empty() ? "" : ", ") + "\"" + kNames[action] + R"(": {"pages": )" +
               std::to_string(pages.size()) + R"(, "p50_us": )" + std::to_string(p50) + R"(, "p99_us": )" +
               std::to_string(p99) + "}";
  }
  for (const auto& one : visits) {
    failed += one.failed;
    orders += one.orders;
  }
  std::printf(R"({"seconds": %.3f, "pages": %zu, "failed": %llu, "orders": %llu, "p50_us": %u, "p99_us": %u, )"
              "\"actions\": {%s}}\n",
              seconds, all.size(), static_cast<unsigned long long>(failed), static_cast<unsigned long long>(orders),
              percentile(all, 0.5), percentile(all, 0.99), actions.c_str());
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: bench_shoppers PORT VISITORS SECONDS SEED\n", stderr);
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10));
  const auto count = std::strtoul(argv[2], nullptr, 10);
  const auto begin = bench::Clock::now();
  const auto end = begin + std::chrono::seconds(std::strtoul(argv[3], nullptr, 10));
  const auto seed = static_cast<unsigned>(std::strtoul(argv[4], nullptr, 10));
  std::vector<bench::Seen> visits(count);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < count; ++i) {
    threads.emplace_back([&, i] { visits[i] = bench::Visitor(port, seed + i).visit_until(end); });
  }
  for (auto& thread : threads) thread.join();
  bench::print(visits, std::chrono::duration<double>(bench::Clock::now() - begin).count());
}
