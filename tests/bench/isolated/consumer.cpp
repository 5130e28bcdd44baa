// Serves what one of its calls took: GET /cross/WHAT?batches=N&calls=N. The driver places it and its provider.
#include <mortise/mortise.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "../batches.hpp"
#include "cross.hpp"

namespace {

std::size_t number(const mortise::Request& req, std::string_view name) {
  return std::stoull(std::string(req.query(name).value_or("1000")));
}

}  // namespace

class Consumer : public mortise::Plugin {
 public:
  explicit Consumer(mortise::Context& ctx) {
    const auto cross = ctx.require<bench::Cross>();
    ctx.http().get("/cross/add", [cross](const mortise::Request& req, mortise::Response& res) {
      std::int64_t sum = 0;
      const auto ns = bench::median_ns(number(req, "batches"), number(req, "calls"), [&] { sum = cross->add(sum, 1); });
      res.json({{"ns", ns}, {"sum", sum}});
    });
    // Each call after a pause in which both sides fall asleep; the median.
    ctx.http().get("/cross/asleep", [cross](const mortise::Request& req, mortise::Response& res) {
      using Clock = std::chrono::steady_clock;
      std::vector<std::int64_t> took(number(req, "calls"));
      for (auto& one : took) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        const auto begin = Clock::now();
        cross->add(1, 2);
        one = std::chrono::nanoseconds(Clock::now() - begin).count();
      }
      std::nth_element(took.begin(), took.begin() + static_cast<std::ptrdiff_t>(took.size() / 2), took.end());
      res.json({{"ns", took[took.size() / 2]}});
    });
    ctx.http().get("/cross/take", [cross](const mortise::Request& req, mortise::Response& res) {
      const std::vector<std::uint8_t> bytes(number(req, "bytes"), 1);
      const auto ns = bench::median_ns(number(req, "batches"), number(req, "calls"), [&] {
        const mortise::ArenaScope scope;
        cross->take(bytes);
      });
      res.json({{"ns", ns}});
    });
  }
};
MORTISE_PLUGIN(Consumer)
