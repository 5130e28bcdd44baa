#include "admin/endpoints.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/strings.hpp"

namespace mortise::admin {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

unsigned to_http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::out_of_range: return 400;
    case ErrorCode::permission_denied:
    case ErrorCode::unauthenticated: return 403;
    case ErrorCode::not_found: return 404;
    case ErrorCode::already_exists:
    case ErrorCode::failed_precondition:
    case ErrorCode::aborted: return 409;
    case ErrorCode::unimplemented: return 501;
    case ErrorCode::cancelled:
    case ErrorCode::resource_exhausted:
    case ErrorCode::unavailable: return 503;
    case ErrorCode::deadline_exceeded: return 504;
    default: return 500;
  }
}

}  // namespace

std::string dump(const nlohmann::ordered_json& document) {
  // A plugin's message may hold any bytes; what is not UTF-8 is replaced.
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

ApiAnswer refuse(const Error& error) { return make_problem(to_http_status(error.code), error.code, error.message); }

Error invalid(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

base::Result<void> check_query(const ApiCall& call, std::string_view known) {
  for (const auto& [key, value] : call.query) {
    if (key != known || known.empty()) {
      return invalid("unknown query parameter '" + base::printable(key) + "'; " +
                     (known.empty() ? "this path takes none" : "this path takes '" + std::string(known) + "'"));
    }
  }
  return {};
}

base::Result<void> read_body(const ApiCall& call, std::string_view known, json& body) {
  body = call.request.body.empty() ? json::object() : json::parse(call.request.body, nullptr, false);
  if (body.is_discarded()) return invalid("the body is no JSON; send an object such as {}");
  if (!body.is_object()) return invalid(std::string("the body must be a JSON object, is a ") + body.type_name());
  for (const auto& [key, value] : body.items()) {
    if (known.empty() || key != known) {
      return invalid("unknown key '" + base::printable(key) + "' in the body; " +
                     (known.empty() ? "send {}" : "there is '" + std::string(known) + "' alone"));
    }
  }
  return {};
}

base::Result<std::string> read_plugin_of_query(const ApiCall& call) {
  if (const auto checked = check_query(call, "plugin"); !checked) return checked.error();
  if (call.query.empty()) return std::string();
  const auto& plugin = call.query.back().second;
  if (!base::is_plugin_name(plugin)) return invalid("there is no plugin '" + base::printable(plugin) + "'");
  return plugin;
}

}  // namespace mortise::admin
