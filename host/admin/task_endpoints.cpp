// What tasks have come to, and the durable ones that are dead, or fail.
#include "admin/endpoints.hpp"

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/strings.hpp"

namespace mortise::admin {
namespace {

using base::ErrorCode;
using nlohmann::json;

ApiAnswer get_tasks(const ApiCall& call, const Controls& controls) {
  const auto plugin = read_plugin_of_query(call);
  if (!plugin) return refuse(plugin.error());
  if (plugin->empty()) return refuse(invalid("name a plugin: ?plugin=notes"));
  return to_answer(controls.tasks.tasks(*plugin));
}

ApiAnswer get_task_counts(const ApiCall& call, const Controls& controls) {
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

base::Result<ChosenTasks> read_chosen_tasks(const ApiCall& call, const std::string& expected) {
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

ApiAnswer post_task_discard(const ApiCall& call, const Controls& controls) {
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

ApiAnswer post_task_replay(const ApiCall& call, const Controls& controls) {
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

constexpr std::array kTaskEndpoints{
    Endpoint{"GET", "/v1/tasks", get_tasks},
    Endpoint{"POST", "/v1/tasks/replay", post_task_replay},
    Endpoint{"POST", "/v1/tasks/discard", post_task_discard},
    Endpoint{"GET", "/v1/tasks/counts", get_task_counts},
};

}  // namespace

std::span<const Endpoint> task_endpoints() noexcept { return kTaskEndpoints; }

}  // namespace mortise::admin
