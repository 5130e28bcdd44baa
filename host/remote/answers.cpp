#include "remote/answers.hpp"

#include <Poco/Net/HTTPResponse.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "http/percent.hpp"
#include "remote/call_headers.hpp"

namespace mortise::remote {
namespace {

using Poco::Net::HTTPResponse;

std::optional<mortise_status> parse_status(std::string_view name) {
  for (int code = MORTISE_CANCELLED; code <= MORTISE_UNAUTHENTICATED; ++code) {
    if (name == base::to_string(static_cast<base::ErrorCode>(code))) return static_cast<mortise_status>(code);
  }
  return std::nullopt;
}

/// The `detail` of a problem document; empty where there is none.
std::string detail_of(std::string_view body) {
  const auto problem = nlohmann::json::parse(body, nullptr, false);
  if (!problem.is_object()) return {};
  const auto detail = problem.find("detail");
  return detail != problem.end() && detail->is_string() ? detail->get<std::string>() : std::string();
}

std::string context_of(const HTTPResponse& response) {
  std::string context;
  if (!http::append_percent_decoded(response.get(std::string(kContextHeader), ""), context)) context.clear();
  context.resize(std::min(context.size(), kMostContextBytes));
  return context;
}

/// Says that the call has not been let through to a plugin. By the status alone it cannot be told from what balancers
/// answer when a host has ended with the call inside.
bool is_unsent(const HTTPResponse& response) {
  return response.has(std::string(kNotBegunHeader)) || response.has(std::string(kStartingHeader));
}

}  // namespace

Attempt to_failed_attempt(const HTTPResponse& response, std::string_view body) {
  const auto http_status = static_cast<unsigned>(response.getStatus());
  const auto title = std::to_string(http_status) + " " + response.getReason();
  auto detail = detail_of(body);
  if (const auto status = parse_status(response.get(std::string(kStatusHeader), ""))) {
    return {.answer = {.status = *status, .text = detail.empty() ? title : detail, .context = context_of(response)}};
  }
  const auto why = "it answered " + title + (detail.empty() ? "" : ": " + detail);
  switch (http_status) {
    case HTTPResponse::HTTP_NOT_FOUND:
      return {.answer = {.status = MORTISE_UNIMPLEMENTED,
                         .text = why + "; it does not expose the contract, or has no such method"}};
    case HTTPResponse::HTTP_BAD_REQUEST:
    case HTTPResponse::HTTP_UNSUPPORTED_MEDIA_TYPE:
      return {.answer = {.status = MORTISE_FAILED_PRECONDITION,
                         .text = why + "; its plugin has another form of the contract than the file here tells of"}};
    case HTTPResponse::HTTP_REQUEST_ENTITY_TOO_LARGE:
      return {.answer = {.status = MORTISE_RESOURCE_EXHAUSTED, .text = why}};
    case HTTPResponse::HTTP_GATEWAY_TIMEOUT:
      return {.end = Attempt::End::unknown,
              .sign = Attempt::Sign::silent,
              .answer = {.status = MORTISE_DEADLINE_EXCEEDED, .text = why}};
    default:
      return {.end = is_unsent(response) ? Attempt::End::unsent : Attempt::End::unknown,
              .is_starting = response.has(std::string(kStartingHeader)),
              .answer = {.status = MORTISE_UNAVAILABLE, .text = why}};
  }
}

}  // namespace mortise::remote
