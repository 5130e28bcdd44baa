#include <stdexcept>

#include "faults.hpp"

namespace chaos {
namespace {

using mortise::Request;
using mortise::Response;

/// No status that there is.
mortise_status garbage(void*, mortise_http_exchange*, const mortise_http_request_v1*, mortise_error*) { return -4711; }

}  // namespace

void add_failures(mortise::Context& ctx) {
  auto& http = ctx.http();
  http.get("/chaos/throws-exception", [](const Request&, Response&) { throw std::runtime_error("chaos"); });
  http.get("/chaos/throws-int", [](const Request&, Response&) { throw 123; });
  http.get("/chaos/answers-nothing", [](const Request&, Response&) {});
  http.get("/chaos/answers-with-status-99", [](const Request&, Response& res) { res.status(99).text("chaos"); });
  http.get("/chaos/adds-a-route-late", [&http](const Request&, Response& res) {
    http.get("/chaos/late", [](const Request&, Response& late) { late.text("late"); });
    res.text("added");
  });
  // Past the C++ layer, which knows the statuses.
  const std::string_view pattern = "/chaos/returns-garbage";
  const mortise_http_route_v1 route{sizeof(mortise_http_route_v1),
                                    0,
                                    mortise_str_from("GET"),
                                    {pattern.data(), pattern.size()},
                                    0,
                                    nullptr,
                                    &garbage,
                                    0,
                                    0};
  if (ctx.find<mortise_http_v1>(MORTISE_HTTP_V1)->add_route(ctx.handle(), &route, nullptr) != MORTISE_OK) {
    throw mortise::Error(mortise::Status::internal, "the route that returns garbage was refused");
  }
}

}  // namespace chaos
