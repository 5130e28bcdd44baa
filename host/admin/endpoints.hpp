// Paths of the control API: what the files that serve them share. Inside admin alone.
#pragma once

#include <Poco/URI.h>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "admin/control_api.hpp"
#include "admin/control_json.hpp"
#include "base/result.hpp"

namespace mortise::admin {

/// A request whose path and query have been taken apart.
struct ApiCall {
  const ApiRequest& request;
  Poco::URI::QueryParameters query;
};

struct Endpoint {
  std::string_view method;
  std::string_view path;
  ApiAnswer (*serve)(const ApiCall&, const Controls&);
};
std::span<const Endpoint> release_endpoints() noexcept;
std::span<const Endpoint> event_endpoints() noexcept;
std::span<const Endpoint> task_endpoints() noexcept;

base::Error invalid(std::string message);
ApiAnswer refuse(const base::Error& error);
/// A document as the body of an answer.
std::string dump(const nlohmann::ordered_json& document);
template <class T>
ApiAnswer to_answer(const base::Result<T>& result) {
  if (!result) return refuse(result.error());
  ApiAnswer made;
  made.body = dump(to_json(*result));
  return made;
}

/// Fails when a parameter is not `known`, which is empty where a path takes none.
base::Result<void> check_query(const ApiCall& call, std::string_view known);
/// The body must be an object without keys other than `known`; an empty body is {}.
base::Result<void> read_body(const ApiCall& call, std::string_view known, nlohmann::json& body);
/// The query's plugin; empty: it names none.
base::Result<std::string> read_plugin_of_query(const ApiCall& call);

}  // namespace mortise::admin
