// The control API without its transport: a request in, an answer out. Which paths there are, what they take, and how
// failures look; docs/control-api.md is its description for others.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "admin/events_control.hpp"
#include "admin/host_control.hpp"
#include "admin/tasks_control.hpp"
#include "release/control.hpp"

namespace mortise::admin {

/// Whom it asks; they outlive whoever holds this.
struct Controls {
  release::Control& releases;
  HostControl& host;
  EventsControl& events;
  TasksControl& tasks;
};

struct ApiRequest {
  std::string method;
  std::string target;  // path and query, as they came
  std::string body;
  std::string who;  // "root (uid 0)", for the history
  // Whether whoever sent it still waits for the answer; may be asked while that is being made.
  std::function<bool()> is_waited_for = [] { return true; };
};

struct ApiAnswer {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string allow;  // of a 405: the header's value
  std::string body;   // one JSON object, UTF-8
};

/// Asks and waits as long as that takes. Any thread.
ApiAnswer answer(const ApiRequest& request, const Controls& controls);

/// A failure as application/problem+json (RFC 9457), with the error's code as `code`.
ApiAnswer make_problem(unsigned status, base::ErrorCode code, std::string_view detail);

}  // namespace mortise::admin
