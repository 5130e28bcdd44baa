// What plugins hear, and the durable events that are dead, or fail.
#include "admin/endpoints.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/strings.hpp"

namespace mortise::admin {
namespace {

using base::ErrorCode;
using nlohmann::json;

ApiAnswer get_events(const ApiCall& call, const Controls& controls) {
  const auto plugin = read_plugin_of_query(call);
  if (!plugin) return refuse(plugin.error());
  if (plugin->empty()) return refuse(invalid("name a plugin: ?plugin=notes"));
  return to_answer(controls.events.subscriptions(*plugin));
}

ApiAnswer get_dead_events(const ApiCall& call, const Controls& controls) {
  const auto plugin = read_plugin_of_query(call);
  return plugin ? to_answer(controls.events.dead(*plugin)) : refuse(plugin.error());
}

/// Which events of a subscriber something is to be done with.
struct ChosenEvents {
  std::string plugin;
  std::string publisher;  // empty: all that are dead
  std::int64_t number = 0;
};

base::Result<ChosenEvents> read_chosen_events(const ApiCall& call) {
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

ApiAnswer post_replay(const ApiCall& call, const Controls& controls) {
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

ApiAnswer post_discard(const ApiCall& call, const Controls& controls) {
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

constexpr std::array kEventEndpoints{
    Endpoint{"GET", "/v1/events", get_events},
    Endpoint{"GET", "/v1/events/dead", get_dead_events},
    Endpoint{"POST", "/v1/events/replay", post_replay},
    Endpoint{"POST", "/v1/events/discard", post_discard},
};

}  // namespace

std::span<const Endpoint> event_endpoints() noexcept { return kEventEndpoints; }

}  // namespace mortise::admin
