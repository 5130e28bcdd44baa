// Hears events, and counts them.
#include <mortise/mortise.hpp>

#include <atomic>

#include "told.hpp"

class Hearer : public mortise::Plugin {
 public:
  explicit Hearer(mortise::Context& ctx) {
    ctx.provide<bench::Heard>(*this);
    ctx.subscribe<bench::Told>([this](const bench::Told&) { note(); });
    ctx.subscribe<bench::Kept>([this](const bench::Kept&) { note(); });
  }

  std::int64_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  void note() { count_.fetch_add(1, std::memory_order_relaxed); }

  std::atomic<std::int64_t> count_{0};  // a number on its own
};
MORTISE_PLUGIN(Hearer)
