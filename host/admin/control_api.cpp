#include "admin/control_api.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/URI.h>
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "admin/endpoints.hpp"
#include "base/strings.hpp"

namespace mortise::admin {
namespace {

using base::ErrorCode;

using Endpoints = std::span<const Endpoint>;
std::array<Endpoints, 3> all_endpoints() { return {release_endpoints(), event_endpoints(), task_endpoints()}; }

const Endpoint* find_endpoint(std::string_view path) {
  for (const auto& endpoints : all_endpoints()) {
    const auto found = std::find_if(endpoints.begin(), endpoints.end(),
                                    [&](const Endpoint& endpoint) { return endpoint.path == path; });
    if (found != endpoints.end()) return &*found;
  }
  return nullptr;
}

ApiAnswer refuse_path(const std::string& path) {
  std::string known;
  for (const auto& endpoints : all_endpoints()) {
    for (const auto& endpoint : endpoints) known += (known.empty() ? "" : ", ") + std::string(endpoint.path);
  }
  return make_problem(404, ErrorCode::not_found, "there is no '" + base::printable(path) + "'; there is " + known);
}

ApiAnswer refuse_method(const Endpoint& endpoint) {
  auto made = make_problem(405, ErrorCode::unimplemented,
                           std::string(endpoint.path) + " takes " + std::string(endpoint.method) + " alone");
  made.allow = endpoint.method;
  return made;
}

}  // namespace

ApiAnswer make_problem(unsigned status, ErrorCode code, std::string_view detail) {
  using Poco::Net::HTTPResponse;
  ApiAnswer made;
  made.status = status;
  made.content_type = "application/problem+json";
  made.body = dump({{"type", "about:blank"},
                    {"title", HTTPResponse::getReasonForStatus(static_cast<HTTPResponse::HTTPStatus>(status))},
                    {"status", status},
                    {"code", base::to_string(code)},
                    {"detail", detail}});
  return made;
}

ApiAnswer answer(const ApiRequest& request, const Controls& controls) {
  std::string path;
  ApiCall call{.request = request, .query = {}};
  try {
    const Poco::URI uri(request.target);
    path = uri.getPath();
    call.query = uri.getQueryParameters();
  } catch (const Poco::Exception&) {
    return refuse(invalid("cannot make sense of the target '" + base::printable(request.target) + "'"));
  }
  const auto* const found = find_endpoint(path);
  if (found == nullptr) return refuse_path(path);
  if (found->method != request.method) return refuse_method(*found);
  return found->serve(call, controls);
}

}  // namespace mortise::admin
