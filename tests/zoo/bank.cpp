// Provides zoo.currency/1: everything is worth ZOO_RATE times as much in another unit. Logs each conversion, and makes
// one to "XXX" wait until somebody has opened the FIFO `gate` in its data directory for writing, and closed it. One to
// "TTL" gives the milliseconds that it has, -1: any number.
#include <mortise/mortise.hpp>

#include <array>
#include <chrono>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

#include "zoo_currency.hpp"

namespace {

class Bank : public mortise::Plugin {
 public:
  explicit Bank(mortise::Context& ctx) : log_(ctx.log()), gate_(ctx.data_directory() + "/gate") {
    ctx.provide<zoo::Currency>(*this);
  }

  [[nodiscard]] zoo::Money convert(const zoo::Money& money, std::string_view to) const {
    log_.debug("converting", {{"unit", to}});
    if (to.size() != 3) throw mortise::Error(mortise::Status::invalid_argument, "a unit has three letters");
    if (to == "XXX") wait_at_gate();
    if (to == "TTL") return {mortise::time_left().value_or(std::chrono::milliseconds(-1)).count(), mortise::copy(to)};
    return {money.amount * ZOO_RATE, mortise::copy(to)};
  }
  [[nodiscard]] mortise::List<mortise::Str> supported() const {
    static constexpr std::array<mortise::Str, 2> kUnits{"EUR", "CHF"};
    return std::span<const mortise::Str>(kUnits);
  }

 private:
  void wait_at_gate() const {
    std::ifstream gate(gate_);
    const std::string all(std::istreambuf_iterator<char>(gate), {});
  }

  mortise::Log log_;
  std::string gate_;
};

}  // namespace

MORTISE_PLUGIN(Bank)
