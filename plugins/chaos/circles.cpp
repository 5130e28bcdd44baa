#include "faults.hpp"

namespace chaos {

using mortise::Request;
using mortise::Response;

// Neither side requires the other to be there: that circle would be refused before anything starts.
Circle::Circle(mortise::Context& ctx) : partner_(ctx.require_optional<Descent>("partner")) {
  ctx.provide<Descent>(*this);
  ctx.http().get("/chaos/calls-in-a-circle",
                 [this](const Request&, Response& res) { res.text(std::to_string(step(0))); });
}

/// With so much of the stack that it is here, and not in the partner, where that ends.
std::int64_t Circle::step(std::int64_t depth) {
  volatile char room[65536];
  room[0] = static_cast<char>(depth % 100);
  const auto* const partner = partner_.get();
  return partner == nullptr ? depth : partner->step(depth + 1) + room[0];
}

}  // namespace chaos
