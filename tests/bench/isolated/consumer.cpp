// Serves what its calls took: GET /cross/WHAT?calls=N. The driver places it and its provider.
#include <mortise/mortise.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "cross.hpp"

namespace {

using Clock = std::chrono::steady_clock;

std::int64_t ns_since(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count();
}

std::int64_t number(const mortise::Request& req, std::string_view name) {
  return std::stoll(std::string(req.query(name).value_or("1000")));
}

}  // namespace

class Consumer : public mortise::Plugin {
 public:
  explicit Consumer(mortise::Context& ctx) {
    const auto cross = ctx.require<bench::Cross>();
    ctx.http().get("/cross/add", [cross](const mortise::Request& req, mortise::Response& res) {
      const auto calls = number(req, "calls");
      const auto begin = Clock::now();
      std::int64_t sum = 0;
      for (std::int64_t i = 0; i < calls; ++i) sum = cross->add(sum, i);
      res.json({{"ns", ns_since(begin)}, {"sum", sum}});
    });
    // Each call after a pause in which both sides fall asleep; the median.
    ctx.http().get("/cross/asleep", [cross](const mortise::Request& req, mortise::Response& res) {
      std::vector<std::int64_t> took(static_cast<std::size_t>(number(req, "calls")));
      for (auto& one : took) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        const auto begin = Clock::now();
        cross->add(1, 2);
        one = ns_since(begin);
      }
      std::nth_element(took.begin(), took.begin() + static_cast<std::ptrdiff_t>(took.size() / 2), took.end());
      res.json({{"ns", took[took.size() / 2]}});
    });
    ctx.http().get("/cross/take", [cross](const mortise::Request& req, mortise::Response& res) {
      const auto calls = number(req, "calls");
      const std::vector<std::uint8_t> bytes(static_cast<std::size_t>(number(req, "bytes")), 1);
      const auto begin = Clock::now();
      for (std::int64_t i = 0; i < calls; ++i) {
        const mortise::ArenaScope scope;
        cross->take(bytes);
      }
      res.json({{"ns", ns_since(begin)}});
    });
  }
};
MORTISE_PLUGIN(Consumer)
