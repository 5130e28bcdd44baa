// Status, plans, releases and the host itself.
#include "admin/endpoints.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/strings.hpp"

namespace mortise::admin {
namespace {

using nlohmann::json;

constexpr std::uint64_t kDefaultHistory = 20;
constexpr std::uint64_t kMostHistory = 1000;

base::Result<std::uint64_t> read_limit(const ApiCall& call) {
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

base::Result<std::optional<std::uint64_t>> read_release(const ApiCall& call) {
  json body;
  if (const auto read = read_body(call, "release", body); !read) return read.error();
  const auto release = body.find("release");
  if (release == body.end()) return std::optional<std::uint64_t>();
  if (!release->is_number_unsigned() || *release == 0) {
    return invalid("'release' must be the number of a release, 1 or more, is " + base::printable(dump(*release), 60));
  }
  return std::optional(release->get<std::uint64_t>());
}

ApiAnswer get_status(const ApiCall& call, const Controls& controls) {
  const auto checked = check_query(call, {});
  return checked ? to_answer(controls.releases.status()) : refuse(checked.error());
}

ApiAnswer get_plan(const ApiCall& call, const Controls& controls) {
  const auto checked = check_query(call, {});
  return checked ? to_answer(controls.releases.plan()) : refuse(checked.error());
}

ApiAnswer get_history(const ApiCall& call, const Controls& controls) {
  const auto limit = read_limit(call);
  return limit ? to_answer(controls.releases.history(*limit)) : refuse(limit.error());
}

ApiAnswer post_apply(const ApiCall& call, const Controls& controls) {
  if (const auto checked = check_query(call, {}); !checked) return refuse(checked.error());
  json body;
  const auto read = read_body(call, {}, body);
  return read ? to_answer(controls.releases.apply(call.request.who)) : refuse(read.error());
}

ApiAnswer post_rollback(const ApiCall& call, const Controls& controls) {
  if (const auto checked = check_query(call, {}); !checked) return refuse(checked.error());
  const auto release = read_release(call);
  return release ? to_answer(controls.releases.rollback(*release, call.request.who)) : refuse(release.error());
}

base::Result<std::chrono::milliseconds> read_duration(const ApiCall& call) {
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

ApiAnswer post_observe(const ApiCall& call, const Controls& controls) {
  if (const auto checked = check_query(call, {}); !checked) return refuse(checked.error());
  const auto duration = read_duration(call);
  if (!duration) return refuse(duration.error());
  return to_answer(controls.releases.observe(*duration, call.request.who, call.request.is_waited_for));
}

ApiAnswer post_host_upgrade(const ApiCall& call, const Controls& controls) {
  if (const auto checked = check_query(call, {}); !checked) return refuse(checked.error());
  json body;
  const auto read = read_body(call, {}, body);
  return read ? to_answer(controls.host.upgrade(call.request.who)) : refuse(read.error());
}

ApiAnswer post_pardon(const ApiCall& call, const Controls& controls) {
  if (const auto checked = check_query(call, {}); !checked) return refuse(checked.error());
  json body;
  if (const auto read = read_body(call, "plugin", body); !read) return refuse(read.error());
  const auto plugin = body.find("plugin");
  if (plugin == body.end() || !plugin->is_string() || !base::is_plugin_name(plugin->get_ref<const std::string&>())) {
    return refuse(invalid("the body must name a plugin: {\"plugin\": \"notes\"}"));
  }
  return to_answer(controls.releases.pardon(plugin->get<std::string>(), call.request.who));
}

constexpr std::array kReleaseEndpoints{
    Endpoint{"GET", "/v1/status", get_status},     Endpoint{"GET", "/v1/plan", get_plan},
    Endpoint{"POST", "/v1/apply", post_apply},     Endpoint{"POST", "/v1/rollback", post_rollback},
    Endpoint{"GET", "/v1/history", get_history},   Endpoint{"POST", "/v1/pardon", post_pardon},
    Endpoint{"POST", "/v1/observe", post_observe}, Endpoint{"POST", "/v1/host/upgrade", post_host_upgrade},
};

}  // namespace

std::span<const Endpoint> release_endpoints() noexcept { return kReleaseEndpoints; }

}  // namespace mortise::admin
