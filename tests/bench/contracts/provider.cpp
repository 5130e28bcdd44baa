#include <mortise/mortise.hpp>

#include <numeric>

#include "work.hpp"

namespace {

std::int64_t add(std::int64_t a, std::int64_t b) { return a + b; }
std::int64_t length(mortise::Str text) { return static_cast<std::int64_t>(text.size()); }
bench::Money convert(bench::Money amount, mortise::Str to) { return {amount.units * 2, to}; }

class Object final : public bench::VirtualWork {
 public:
  std::int64_t add(std::int64_t a, std::int64_t b) const override { return a + b; }
};

const bench::Bare* bare() {
  static const Object object;
  static const bench::Bare all{.add = &::add,
                               .length = &::length,
                               .convert = &::convert,
                               .object = &object,
                               .shared = std::make_shared<const Object>(),
                               .function = &::add,
                               .dispatch = &mortise::detail::dispatch<bench::Work>};
  return &all;
}

}  // namespace

class Provider : public mortise::Plugin {
 public:
  explicit Provider(mortise::Context& ctx) {
    ctx.provide<bench::Work>(*this);
    ctx.http().get("/add/{a}/{b}", [](const mortise::Request& req, mortise::Response& res) {
      const auto number = [&](std::string_view name) { return std::stoll(std::string(req.param(name))); };
      res.json({{"sum", number("a") + number("b")}});
    });
  }

  std::int64_t add(std::int64_t a, std::int64_t b) const { return a + b; }
  std::int64_t length(std::string_view text) const { return static_cast<std::int64_t>(text.size()); }
  bench::Money convert(bench::Money amount, std::string_view to) const { return {amount.units * 2, mortise::copy(to)}; }
  std::uint64_t sum(std::span<const std::uint64_t> values) const {
    return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
  }
};
MORTISE_PLUGIN(Provider)

extern "C" MORTISE_EXPORT const bench::Bare* bench_bare() { return bare(); }
