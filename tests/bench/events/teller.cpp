// Serves what an event took that it published: GET /tell/WHAT?count=N.
#include <mortise/mortise.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "told.hpp"

namespace {

using Clock = std::chrono::steady_clock;

// So many are on their way at most: the queue of one subscriber has room for them.
constexpr std::int64_t kMostOnTheWay = 50'000;

std::int64_t number(const mortise::Request& req, std::string_view name, std::int64_t otherwise) {
  const auto value = req.query(name);
  return value ? std::stoll(std::string(*value)) : otherwise;
}

double ns_each(Clock::time_point begin, std::int64_t count) {
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / static_cast<double>(count);
}

}  // namespace

class Teller : public mortise::Plugin {
 public:
  explicit Teller(mortise::Context& ctx)
      : heard_(ctx.require_optional<bench::Heard>()),
        sql_(ctx.sql()),
        told_(ctx.publisher<bench::Told>()),
        kept_(ctx.publisher<bench::Kept>()) {
    const auto serve = [&](const char* path, auto tell) {
      const mortise::RouteOptions blocking{.body_limit_bytes = 0, .stream_body = false, .blocking = true};
      ctx.http().route("GET", path, blocking, [tell](const mortise::Request& req, mortise::Response& res) {
        res.json({{"ns", tell(number(req, "count", 1), number(req, "publishers", 1))}});
      });
    };
    serve("/tell/told", [this](std::int64_t count, std::int64_t) { return tell(count); });
    serve("/tell/kept", [this](std::int64_t count, std::int64_t publishers) { return keep(count, publishers); });
    serve("/tell/fill", [this](std::int64_t count, std::int64_t) { return fill(count); });
    serve("/tell/heard", [this](std::int64_t count, std::int64_t) { return await(count); });
  }

 private:
  /// From the first that is published until the last has been heard.
  double tell(std::int64_t count) const {
    const auto before = heard_.get()->count();
    const auto begin = Clock::now();
    for (std::int64_t i = 0; i < count; ++i) {
      told_.publish({.number = i, .text = bench::kText});
      if (i % kMostOnTheWay == 0) await(before + i - kMostOnTheWay / 2);
    }
    await(before + count);
    return ns_each(begin, count);
  }

  double await(std::int64_t heard) const {
    const auto begin = Clock::now();
    while (heard_.get()->count() < heard) std::this_thread::yield();
    return ns_each(begin, 1);
  }

  /// Each alone, by so many at the same time.
  double keep(std::int64_t count, std::int64_t publishers) const {
    const auto each = count / publishers;
    const auto begin = Clock::now();
    std::vector<std::thread> threads;
    for (std::int64_t i = 0; i < publishers; ++i) {
      threads.emplace_back([&] {
        for (std::int64_t k = 0; k < each; ++k) kept_.publish({.number = k, .text = bench::kText});
      });
    }
    for (auto& thread : threads) thread.join();
    return ns_each(begin, each * publishers);
  }

  /// Many in each transaction.
  double fill(std::int64_t count) {
    constexpr std::int64_t kEach = 5000;
    const auto begin = Clock::now();
    for (std::int64_t done = 0; done < count; done += kEach) {
      sql_.transaction([&](mortise::SqlTransaction& tx) {
        for (std::int64_t i = 0; i < kEach; ++i) kept_.publish(tx, {.number = done + i, .text = bench::kText});
      });
    }
    return ns_each(begin, count);
  }

  mortise::OptionalSlot<bench::Heard> heard_;
  mortise::Sql sql_;
  mortise::Publisher<bench::Told> told_;
  mortise::Publisher<bench::Kept> kept_;
};
MORTISE_PLUGIN(Teller)
