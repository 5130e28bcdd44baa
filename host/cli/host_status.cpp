#include "cli/host_status.hpp"

#include <signal.h>
#include <cerrno>
#include <limits>
#include <nlohmann/json.hpp>

#include "cli/json_fields.hpp"

namespace mortise::cli {
namespace {

using nlohmann::json;

bool is_alive(const json& status) {
  const auto pid = status.find("pid");
  if (pid == status.end() || !pid->is_number_unsigned()) return false;
  const auto value = pid->get<std::uint64_t>();
  if (value == 0 || value > static_cast<std::uint64_t>(std::numeric_limits<pid_t>::max())) return false;
  return ::kill(static_cast<pid_t>(value), 0) == 0 || errno == EPERM;
}

}  // namespace

std::map<std::string, RuntimeState> read_host_status(const std::filesystem::path& state_directory, base::Files& files) {
  constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;
  std::map<std::string, RuntimeState> states;
  const auto text = files.read(state_directory / "status.json", kMostBytes);
  if (!text) return states;
  const auto status = json::parse(*text, nullptr, false);
  if (!status.is_object() || !is_alive(status)) return states;
  const auto plugins = status.find("plugins");
  if (plugins == status.end() || !plugins->is_array()) return states;
  for (const auto& plugin : *plugins) {
    if (!plugin.is_object()) continue;
    states[text_of(plugin, "name")] = {text_of(plugin, "version"), text_of(plugin, "state"), text_of(plugin, "reason")};
  }
  return states;
}

}  // namespace mortise::cli
