// Tells which process it is in, at /where and through zoo.where/1; with ZOO_ASKS, which one another plugin is in, at
// /asks. Where its data directory has a file `alone`, its second process aborts in its init, and so do all after it.
#include <unistd.h>
#include <mortise/mortise.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "zoo_where.hpp"

namespace {

#ifdef ZOO_ASKS
class Asks : public mortise::Plugin {
 public:
  explicit Asks(mortise::Context& ctx) {
    const auto where = ctx.require<zoo::Where>();
    ctx.http().get(
        "/asks", [where](const mortise::Request&, mortise::Response& res) { res.text(std::to_string(where->pid())); });
  }
};
using Where = Asks;
#else
class Where : public mortise::Plugin {
 public:
  explicit Where(mortise::Context& ctx) {
    const auto alone = std::filesystem::path(ctx.data_directory()) / "alone";
    const auto taken = std::filesystem::path(ctx.data_directory()) / "taken";
    if (std::filesystem::exists(taken)) std::abort();
    if (std::filesystem::exists(alone)) std::filesystem::rename(alone, taken);
    ctx.provide<zoo::Where>(*this);
    ctx.http().get("/where",
                   [this](const mortise::Request&, mortise::Response& res) { res.text(std::to_string(pid())); });
  }
  [[nodiscard]] std::int64_t pid() const { return ::getpid(); }
};
#endif

}  // namespace

MORTISE_PLUGIN(Where)
