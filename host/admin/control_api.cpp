#include "admin/control_api.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/URI.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "admin/control_json.hpp"
#include "base/strings.hpp"

namespace mortise::admin {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

constexpr std::uint64_t kDefaultHistory = 20;
constexpr std::uint64_t kMostHistory = 1000;

std::string dump(const nlohmann::ordered_json& document) {
  // A plugin's message may hold any bytes; what is not UTF-8 is replaced.
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

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

ApiAnswer refuse(const Error& error) { return make_problem(to_http_status(error.code), error.code, error.message); }

template <class T>
ApiAnswer to_answer(const base::Result<T>& result) {
  if (!result) return refuse(result.error());
  ApiAnswer made;
  made.body = dump(to_json(*result));
  return made;
}

/// A request whose path and query have been taken apart.
struct Call {
  const ApiRequest& request;
  Poco::URI::QueryParameters query;
};

Error invalid(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

/// Fails when a parameter is not `known`, which is empty where a path takes none.
base::Result<void> check_query(const Call& call, std::string_view known) {
  for (const auto& [key, value] : call.query) {
    if (key != known || known.empty()) {
      return invalid("unknown query parameter '" + base::printable(key) + "'; " +
                     (known.empty() ? "this path takes none" : "this path takes '" + std::string(known) + "'"));
    }
  }
  return {};
}

/// The body must be an object without keys other than `known`; an empty body is {}.
base::Result<void> read_body(const Call& call, std::string_view known, json& body) {
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

/// The query's plugin; empty: it names none.
base::Result<std::string> read_plugin_of_query(const Call& call) {
  if (const auto checked = check_query(call, "plugin"); !checked) return checked.error();
  if (call.query.empty()) return std::string();
  const auto& plugin = call.query.back().second;
  if (!base::is_plugin_name(plugin)) return invalid("there is no plugin '" + base::printable(plugin) + "'");
  return plugin;
}

base::Result<std::uint64_t> read_limit(const Call& call) {
  if (const auto checked = check_query(call, "limit"); !checked) return checked.error();
  if (call.query.empty()) return kDefaultHistory;
  const auto& text = call.query.back().second;
  std::uint64_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc() || end != text.data() + text.size() || limit == 0 || limit > kMostHistory) {
    return invalid("limit must be a whole number from 1 to " + std::to_string(kMostHistory) + ", is '" +
                   base::printable(text) + "'");
  }
  return limit;
}

base::Result<std::optional<std::uint64_t>> read_release(const Call& call) {
  json body;
  if (const auto read = read_body(call, "release", body); !read) return read.error();
  const auto release = body.find("release");
  if (release == body.end()) return std::optional<std::uint64_t>();
  if (!release->is_number_unsigned() || *release == 0) {
    return invalid("'release' must be the number of a release, 1 or more, is " + base::printable(dump(*release), 60));
  }
  return std::optional(release->get<std::uint64_t>());
}

ApiAnswer get_status(const Call& call, const Controls& controls) {
  const auto checked = check_query(call, {});
  return checked ? to_answer(controls.releases.status()) : refuse(checked.error());
}

ApiAnswer get_plan(const Call& call, const Controls& controls) {
  const auto checked = check_query(call, {});
  return checked ? to_answer(controls.releases.plan()) : refuse(checked.error());
}

ApiAnswer get_history(const Call& call, const Controls& controls) {
  const auto limit = read_limit(call);
  return limit ? to_answer(controls.releases.history(*limit)) : refuse(limit.error());
}

ApiAnswer post_apply(const Call& call, const Controls& controls) {
  if (const auto checked = check_query(call, {}); !checked) return refuse(checked.error());
  json body;
  const auto read = read_body(call, {}, body);
  return read ? to_answer(controls.releases.apply(call.request.who)) : refuse(read.error());
}

ApiAnswer post_rollback(const Call& call, const Controls& controls) {
  if (const auto checked = check_query(call, {}); !checked) return refuse(checked.error());
  const auto release = read_release(call);
  return release ? to_answer(controls.releases.rollback(*release, call.request.who)) : refuse(release.error());
}

base::Result<std::chrono::milliseconds> read_duration(const Call& call) {
  json body;
  if (const auto read = read_body(call, "for_ms", body); !read) return read.error();
  constexpr std::chrono::milliseconds kMost = release::kLongestObservation;
  const auto duration = body.find("for_ms");
  const auto given = duration != body.end() && duration->is_number_unsigned() ? duration->get<std::uint64_t>() : 0;
  if (given < static_cast<std::uint64_t>(release::kShortestObservation.count()) ||
      given > static_cast<std::uint64_t>(kMost.count())) {
    return invalid("'for_ms' must be a whole number of milliseconds from " +
                   std::to_string(release::kShortestObservation.count()) + " to " + std::to_string(kMost.count()) +
                   ", is " + (duration == body.end() ? "missing" : base::printable(dump(*duration), 60)));
  }
  return std::chrono::milliseconds(given);
}

ApiAnswer post_observe(const Call& call, const Controls& controls) {
  if (const auto checked = check_query(call, {}); !checked) return refuse(checked.error());
  const auto duration = read_duration(call);
  if (!duration) return refuse(duration.error());
  return to_answer(controls.releases.observe(*duration, call.request.who, call.request.is_waited_for));
}

ApiAnswer post_host_upgrade(const Call& call, const Controls& controls) {
  if (const auto checked = check_query(call, {}); !checked) return refuse(checked.error());
  json body;
  const auto read = read_body(call, {}, body);
  return read ? to_answer(controls.host.upgrade(call.request.who)) : refuse(read.error());
}

ApiAnswer post_pardon(const Call& call, const Controls& controls) {
  if (const auto checked = check_query(call, {}); !checked) return refuse(checked.error());
  json body;
  if (const auto read = read_body(call, "plugin", body); !read) return refuse(read.error());
  const auto plugin = body.find("plugin");
  if (plugin == body.end() || !plugin->is_string() || !base::is_plugin_name(plugin->get_ref<const std::string&>())) {
    return refuse(invalid("the body must name a plugin: {\"plugin\": \"notes\"}"));
  }
  return to_answer(controls.releases.pardon(plugin->get<std::string>(), call.request.who));
}

ApiAnswer get_events(const Call& call, const Controls& controls) {
  const auto plugin = read_plugin_of_query(call);
  if (!plugin) return refuse(plugin.error());
  if (plugin->empty()) return refuse(invalid("name a plugin: ?plugin=notes"));
  return to_answer(controls.events.subscriptions(*plugin));
}

ApiAnswer get_dead_events(const Call& call, const Controls& controls) {
  const auto plugin = read_plugin_of_query(call);
  return plugin ? to_answer(controls.events.dead(*plugin)) : refuse(plugin.error());
}

/// Which events of a subscriber something is to be done with.
struct ChosenEvents {
  std::string plugin;
  std::string publisher;  // empty: all that are dead
  std::int64_t number = 0;
};

base::Result<ChosenEvents> read_chosen_events(const Call& call) {
  static constexpr const char* kExpected =
      "the body must be {\"plugin\": \"notes\", \"id\": \"orders:17\"}, with an id as /v1/events/dead tells it, or "
      "{\"plugin\": \"notes\", \"all\": true}";
  if (const auto checked = check_query(call, {}); !checked) return checked.error();
  const auto body = json::parse(call.request.body, nullptr, false);
  if (!body.is_object() || body.size() != 2) return invalid(kExpected);
  const auto plugin = body.find("plugin");
  if (plugin == body.end() || !plugin->is_string() || !base::is_plugin_name(plugin->get_ref<const std::string&>())) {
    return invalid(kExpected);
  }
  ChosenEvents chosen{.plugin = plugin->get<std::string>(), .publisher = {}};
  if (const auto all = body.find("all"); all != body.end() && *all == true) return chosen;
  const auto id = body.find("id");
  if (id == body.end() || !id->is_string()) return invalid(kExpected);
  const auto& text = id->get_ref<const std::string&>();
  const auto colon = std::min(text.find(':'), text.size());
  chosen.publisher = text.substr(0, colon);
  const auto* const begin = text.data() + std::min(colon + 1, text.size());
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), chosen.number);
  const bool is_id = base::is_plugin_name(chosen.publisher) && error == std::errc() && end == text.data() + text.size();
  if (!is_id) return invalid(kExpected);
  return chosen;
}

ApiAnswer post_replay(const Call& call, const Controls& controls) {
  const auto wanted = read_chosen_events(call);
  if (!wanted) return refuse(wanted.error());
  const auto count = controls.events.replay(wanted->plugin, wanted->publisher, wanted->number, call.request.who);
  if (!count) return refuse(count.error());
  if (*count == 0 && !wanted->publisher.empty()) {
    return refuse({ErrorCode::not_found, "plugin '" + wanted->plugin + "' has no dead event of that id; " +
                                             "`mortise events dead` shows those of plugins that run"});
  }
  ApiAnswer made;
  made.body = dump({{"replayed", *count}});
  return made;
}

ApiAnswer post_discard(const Call& call, const Controls& controls) {
  const auto wanted = read_chosen_events(call);
  if (!wanted) return refuse(wanted.error());
  const auto count = controls.events.discard(wanted->plugin, wanted->publisher, wanted->number, call.request.who);
  if (!count) return refuse(count.error());
  if (*count == 0 && !wanted->publisher.empty()) {
    return refuse({ErrorCode::not_found, "plugin '" + wanted->plugin +
                                             "' has no event of that id that is dead, fails or waits behind one that "
                                             "does; `mortise events dead` and the log have their ids"});
  }
  ApiAnswer made;
  made.body = dump({{"discarded", *count}});
  return made;
}

ApiAnswer get_tasks(const Call& call, const Controls& controls) {
  const auto plugin = read_plugin_of_query(call);
  if (!plugin) return refuse(plugin.error());
  if (plugin->empty()) return refuse(invalid("name a plugin: ?plugin=notes"));
  return to_answer(controls.tasks.tasks(*plugin));
}

ApiAnswer get_task_counts(const Call& call, const Controls& controls) {
  const auto plugin = read_plugin_of_query(call);
  if (!plugin) return refuse(plugin.error());
  if (plugin->empty()) return refuse(invalid("name a plugin: ?plugin=notes"));
  return to_answer(controls.tasks.counts(*plugin));
}

/// Which tasks of a plugin something is to be done with.
struct ChosenTasks {
  std::string plugin;
  std::optional<std::int64_t> id{};  // none: all that are dead
};

base::Result<ChosenTasks> read_chosen_tasks(const Call& call, const std::string& expected) {
  if (const auto checked = check_query(call, {}); !checked) return checked.error();
  const auto body = json::parse(call.request.body, nullptr, false);
  if (!body.is_object() || body.size() != 2) return invalid(expected);
  const auto plugin = body.find("plugin");
  if (plugin == body.end() || !plugin->is_string() || !base::is_plugin_name(plugin->get_ref<const std::string&>())) {
    return invalid(expected);
  }
  ChosenTasks chosen{.plugin = plugin->get<std::string>()};
  if (const auto one = body.find("id"); one != body.end()) {
    const auto number = one->is_number_unsigned() ? one->get<std::uint64_t>() : 0;
    if (number == 0 || number > INT64_MAX) return invalid(expected);
    chosen.id = static_cast<std::int64_t>(number);
  } else if (const auto all = body.find("all"); all == body.end() || *all != true) {
    return invalid(expected);
  }
  return chosen;
}

constexpr const char* kOneTask = R"(the body must be {"plugin": "notes", "id": 17}, with an id as /v1/tasks tells it)";

ApiAnswer post_task_discard(const Call& call, const Controls& controls) {
  const auto wanted = read_chosen_tasks(call, kOneTask);
  if (!wanted) return refuse(wanted.error());
  if (!wanted->id) return refuse(invalid(kOneTask));
  const auto is_done = controls.tasks.discard(wanted->plugin, *wanted->id, call.request.who);
  if (!is_done) return refuse(is_done.error());
  if (!*is_done) {
    return refuse({ErrorCode::not_found, "plugin '" + wanted->plugin +
                                             "' has no task of that id; `mortise tasks NAME` shows those that fail"});
  }
  ApiAnswer made;
  made.body = dump({{"discarded", 1}});
  return made;
}

ApiAnswer post_task_replay(const Call& call, const Controls& controls) {
  const auto wanted = read_chosen_tasks(call, std::string(kOneTask) + R"(, or {"plugin": "notes", "all": true})");
  if (!wanted) return refuse(wanted.error());
  const auto count = controls.tasks.replay(wanted->plugin, wanted->id, call.request.who);
  if (!count) return refuse(count.error());
  if (*count == 0 && wanted->id) {
    return refuse({ErrorCode::not_found, "plugin '" + wanted->plugin +
                                             "' has no dead task of that id, or another one has its name; `mortise "
                                             "tasks NAME` shows them"});
  }
  ApiAnswer made;
  made.body = dump({{"replayed", *count}});
  return made;
}

struct Endpoint {
  std::string_view method;
  std::string_view path;
  ApiAnswer (*serve)(const Call&, const Controls&);
};
constexpr std::array kEndpoints{
    Endpoint{"GET", "/v1/status", get_status},
    Endpoint{"GET", "/v1/plan", get_plan},
    Endpoint{"POST", "/v1/apply", post_apply},
    Endpoint{"POST", "/v1/rollback", post_rollback},
    Endpoint{"GET", "/v1/history", get_history},
    Endpoint{"POST", "/v1/pardon", post_pardon},
    Endpoint{"POST", "/v1/observe", post_observe},
    Endpoint{"POST", "/v1/host/upgrade", post_host_upgrade},
    Endpoint{"GET", "/v1/events", get_events},
    Endpoint{"GET", "/v1/events/dead", get_dead_events},
    Endpoint{"POST", "/v1/events/replay", post_replay},
    Endpoint{"POST", "/v1/events/discard", post_discard},
    Endpoint{"GET", "/v1/tasks", get_tasks},
    Endpoint{"POST", "/v1/tasks/replay", post_task_replay},
    Endpoint{"POST", "/v1/tasks/discard", post_task_discard},
    Endpoint{"GET", "/v1/tasks/counts", get_task_counts},
};

ApiAnswer refuse_path(const std::string& path) {
  std::string known;
  for (const auto& endpoint : kEndpoints) known += (known.empty() ? "" : ", ") + std::string(endpoint.path);
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
  Call call{.request = request, .query = {}};
  try {
    const Poco::URI uri(request.target);
    path = uri.getPath();
    call.query = uri.getQueryParameters();
  } catch (const Poco::Exception&) {
    return refuse(invalid("cannot make sense of the target '" + base::printable(request.target) + "'"));
  }
  const auto found = std::find_if(kEndpoints.begin(), kEndpoints.end(),
                                  [&](const Endpoint& endpoint) { return endpoint.path == path; });
  if (found == kEndpoints.end()) return refuse_path(path);
  if (found->method != request.method) return refuse_method(*found);
  return found->serve(call, controls);
}

}  // namespace mortise::admin
