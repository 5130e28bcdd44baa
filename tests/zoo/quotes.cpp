// Requires zoo.currency/1 in every way in which a provider may be missing, and serves what 21 units are worth: at
// /quotes by each provider ("visa 63, currency 42"), at /best by the one with the highest rank, in the unit asked for
// at /best/{unit}, at /visa by the one of that name; "nobody" where there is none. /limited/{unit}/{ms} gives the best
// one so many milliseconds ("late: " and why), and goes on with what it is worth in EUR, without a limit.
#include <mortise/mortise.hpp>

#include <chrono>
#include <string>
#include <string_view>

#include "zoo_currency.hpp"

namespace {

using zoo::Currency;

std::string quote(const Currency& currency) { return std::to_string(currency.convert({21, "CHF"}, "EUR").amount); }

class Quotes : public mortise::Plugin {
 public:
  explicit Quotes(mortise::Context& ctx)
      : all_(ctx.require_all<Currency>()),
        best_(ctx.require_optional<Currency>()),
        visa_(ctx.require_optional<Currency>("visa")) {
    ctx.http().get("/quotes", [this](const mortise::Request&, mortise::Response& response) {
      std::string text;
      for (const auto provider : all_.get()) {
        text += (text.empty() ? "" : ", ") + std::string(provider.name()) + " " + quote(*provider.operator->());
      }
      response.text(text.empty() ? "nobody" : text);
    });
    serve_one(ctx, "/best", best_);
    const auto best_in = [this](const mortise::Request& request, mortise::Response& response) {
      response.text(std::to_string(best_.get()->convert({21, "CHF"}, request.param("unit")).amount));
    };
    ctx.http().route("GET", "/best/{unit}", {.blocking = true}, best_in);
    const auto limited = [this](const mortise::Request& request, mortise::Response& response) {
      const std::chrono::milliseconds limit(std::stoi(std::string(request.param("ms"))));
      const auto first = worth_within(limit, request.param("unit"));
      response.text(first + "; then " + quote(*best_.get()));
    };
    ctx.http().route("GET", "/limited/{unit}/{ms}", {.blocking = true}, limited);
    serve_one(ctx, "/visa", visa_);
  }

 private:
  [[nodiscard]] std::string worth_within(std::chrono::milliseconds ms, std::string_view unit) const {
    try {
      const mortise::TimeLimit limit(ms);
      return std::to_string(best_.get()->convert({21, "CHF"}, unit).amount);
    } catch (const mortise::Error& error) {
      if (error.status() != mortise::Status::deadline_exceeded) throw;
      return std::string("late: ") + error.what();
    }
  }
  static void serve_one(mortise::Context& ctx, std::string_view path, const mortise::OptionalSlot<Currency>& slot) {
    ctx.http().get(path, [slot](const mortise::Request&, mortise::Response& response) {
      const auto* currency = slot.get();
      response.text(currency == nullptr ? "nobody" : quote(*currency));
    });
  }

  mortise::SlotRange<Currency> all_;
  mortise::OptionalSlot<Currency> best_;
  mortise::OptionalSlot<Currency> visa_;
};

}  // namespace

MORTISE_PLUGIN(Quotes)
