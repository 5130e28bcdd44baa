// The control API without its transport: a request in, an answer out. Which paths there are, what they take, and how
// failures look; docs/control-api.md is its description for others.
#pragma once

#include <string>
#include <string_view>

#include "release/control.hpp"

namespace mortise::admin {

struct ApiRequest {
  std::string method;
  std::string target;  // path and query, as they came
  std::string body;
  std::string who;  // "root (uid 0)", for the history
};

struct ApiAnswer {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string allow;  // of a 405: the header's value
  std::string body;   // one JSON object, UTF-8
};

/// Asks `control` and waits as long as that does. Any thread.
ApiAnswer answer(const ApiRequest& request, release::Control& control);

/// A failure as application/problem+json (RFC 9457), with the error's code as `code`.
ApiAnswer make_problem(unsigned status, base::ErrorCode code, std::string_view detail);

}  // namespace mortise::admin
