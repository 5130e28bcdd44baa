#include "remote/exposed_method.hpp"

#include <span>
#include <vector>

#include "base/strings.hpp"
#include "http/exchange.hpp"
#include "http/percent.hpp"
#include "http/response_writer.hpp"
#include "remote/call_headers.hpp"
#include "remote/json_form.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/scope.hpp"
#include "telemetry/log.hpp"

namespace mortise::remote {
namespace {

using runtime::to_abi;
using runtime::to_view;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kProblem = "application/problem+json";
constexpr std::string_view kBlank = " \t";
constexpr std::size_t kMostJsonBytes = std::size_t{64} << 20U;

using Fields = std::vector<mortise_http_field>;

/// Without what comes behind a ';'.
std::string_view content_type_of(const mortise_http_request_v1& request) {
  for (const auto& field : std::span(request.headers, static_cast<std::size_t>(request.header_count))) {
    if (!base::equals_ignoring_case(to_view(field.name), "Content-Type")) continue;
    const auto value = to_view(field.value);
    const auto type = value.substr(0, value.find(';'));
    return type.substr(0, type.find_last_not_of(kBlank) + 1);
  }
  return {};
}

mortise_bytes to_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void respond(http::Exchange& exchange, unsigned status, std::string_view type, std::string_view body,
             Fields fields = {}) {
  fields.push_back({to_abi("Content-Type"), to_abi(type)});
  // A client that is gone hears nothing.
  exchange.respond({.struct_size = sizeof(mortise_http_response_v1),
                    .status = status,
                    .headers = fields.data(),
                    .header_count = fields.size(),
                    .body = to_bytes(body)});
}

}  // namespace

/// One request, and what its caller speaks.
struct ExposedMethod::Asked {
  http::Exchange& exchange;
  const mortise_http_request_v1& request;
  bool is_binary = false;

  void refuse(unsigned status, std::string_view detail, Fields fields = {}) const {
    respond(exchange, status, kProblem, http::problem_document(status, to_view(request.id), detail), std::move(fields));
  }
};

ExposedMethod::ExposedMethod(const runtime::Generation& generation, const runtime::Provision& provision,
                             const manifest::MethodSignature& signature, std::uint32_t number)
    : generation_(generation),
      title_(provision.declared->contract + " " + signature.name),
      number_(number),
      types_(parse_call_types(signature.text)),
      channel_(*provision.channel),
      dispatch_(provision.dispatch) {}

mortise_status ExposedMethod::handle(void* self, mortise_http_exchange* exchange,
                                     const mortise_http_request_v1* request, mortise_error* error) {
  return runtime::guarded(error, [&] {
    static_cast<const ExposedMethod*>(self)->answer({.exchange = http::Exchange::from(exchange), .request = *request});
    return MORTISE_OK;
  });
}

void ExposedMethod::answer(const Asked& asked) const {
  const auto type = content_type_of(asked.request);
  if (base::equals_ignoring_case(type, kCallContentType)) {
    return answer_call({.exchange = asked.exchange, .request = asked.request, .is_binary = true}, asked.request.body);
  }
  // Nothing goes without one: these two a page of another site cannot send, whatever it lets its visitor's browser do.
  if (base::equals_ignoring_case(type, kJson) && types_) return answer_json(asked);
  const auto supported = (types_ ? std::string(kJson) + ", " : std::string()) + std::string(kCallContentType);
  asked.refuse(415, "a call has the content type " + supported, {{to_abi("Accept"), to_abi(supported)}});
}

void ExposedMethod::answer_json(const Asked& asked) const {
  const auto body = to_view(asked.request.body);
  const auto request = to_request(body.empty() ? "[]" : body, *types_);
  if (!request) return asked.refuse(400, request.error().message);
  answer_call(asked, to_bytes(*request));
}

void ExposedMethod::answer_call(const Asked& asked, mortise_bytes request) const {
  mortise_bytes reply{};
  const auto status = runtime::call_over(channel_, number_, request, reply);
  if (status != MORTISE_OK) return answer_failure(asked, status);
  if (asked.is_binary) return respond(asked.exchange, 200, kCallContentType, to_view(reply));
  const auto json = to_json(reply, *types_, kMostJsonBytes);
  if (json) return respond(asked.exchange, 200, kJson, *json);
  asked.refuse(http::to_http_status(static_cast<mortise_status>(json.error().code)), json.error().message);
}

/// As the caller would have it from a provider in its own host: the status, the message and the way that it came.
void ExposedMethod::answer_failure(const Asked& asked, mortise_status status) const {
  const auto& failure = runtime::Scope::current()->table().failure;
  const bool is_told = failure.status == status;
  const auto message = is_told ? to_view(failure.message) : std::string_view();
  const auto context = is_told ? to_view(failure.context) : std::string_view();
  const auto code = runtime::to_code(status);
  const auto http_status = http::to_http_status(static_cast<mortise_status>(code));
  telemetry::log(http_status < 500 ? telemetry::Level::debug : telemetry::Level::warning, "remote",
                 "call of an exposed contract failed",
                 {{"method", title_}, {"status", base::to_string(code)}, {"reason", message}, {"way", context}});
  if (!is_own_failure(context)) asked.exchange.note_providers_failure();
  const auto encoded = http::percent_encoded(context, kMostContextBytes);
  Fields fields{{to_abi(kStatusHeader), to_abi(base::to_string(code))}};
  if (asked.is_binary && !encoded.empty()) fields.push_back({to_abi(kContextHeader), to_abi(encoded)});
  asked.refuse(http_status, message, std::move(fields));
}

/// And not that of a plugin which it has called: that comes first in the context then.
bool ExposedMethod::is_own_failure(std::string_view context) const {
  return context.empty() || context.starts_with(generation_.name() + " ");
}

}  // namespace mortise::remote
