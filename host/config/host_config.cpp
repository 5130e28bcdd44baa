#include <arpa/inet.h>
#include <sys/un.h>
#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "config/object_reader.hpp"
#include "config/on_crash.hpp"

namespace mortise::config {
namespace {

constexpr std::uint64_t kDayMs = 86400000;

bool is_ip_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

void read_listen(ObjectReader& reader, ListenConfig& listen) {
  reader.text("address", listen.address);
  if (!is_ip_address(listen.address)) {
    reader.fault("address", "'" + listen.address + "' is no IP address; write one like 127.0.0.1, 0.0.0.0 or ::1");
  }
  reader.integer("port", listen.port, 0, std::numeric_limits<std::uint16_t>::max());
  reader.object("tls", [&](ObjectReader& tls) {
    tls.require("certificate");
    tls.require("key");
    listen.tls.emplace();
    tls.path("certificate", listen.tls->certificate);
    tls.path("key", listen.tls->key);
    listen.tls->certificate_line = tls.line("certificate");
    listen.tls->key_line = tls.line("key");
  });
}

void read_edge(ObjectReader& reader, EdgeConfig& edge) {
  std::vector<ListenConfig> listen;
  const bool is_given = reader.objects("listen", [&](ObjectReader& one) { read_listen(one, listen.emplace_back()); });
  if (is_given && listen.empty()) reader.fault("listen", "must name at least one address, or be left out");
  if (is_given) edge.listen = std::move(listen);
  reader.integer("threads", edge.threads, 0, 1024);
  reader.integer("blocking_threads", edge.blocking_threads, 1, 4096);
  reader.integer("max_header_bytes", edge.max_header_bytes, 1024, 1048576);
  reader.integer("max_body_bytes", edge.max_body_bytes, 0, std::uint64_t{1} << 40);
  reader.integer("max_connections", edge.max_connections, 1, 10000000);
  reader.milliseconds("header_timeout_ms", edge.header_timeout, 1, kDayMs);
  reader.milliseconds("body_timeout_ms", edge.body_timeout, 1, kDayMs);
  reader.milliseconds("idle_timeout_ms", edge.idle_timeout, 1, kDayMs);
  reader.milliseconds("write_timeout_ms", edge.write_timeout, 1, kDayMs);
  reader.milliseconds("shutdown_grace_ms", edge.shutdown_grace, 0, kDayMs);
  reader.boolean("access_log", edge.access_log);
}

void read_log(ObjectReader& reader, LogConfig& log) {
  reader.one_of("level", log.level, {"debug", "info", "warning", "error"});
  reader.one_of("format", log.format, {"auto", "text", "json"});
  reader.path("file", log.file);
  reader.text("rotation", log.rotation);
  reader.integer("keep", log.keep, 1, 1000);
}

/// "0660" -> 0660.
std::optional<mode_t> parse_mode(const std::string& text) {
  const auto is_octal = [](char digit) { return digit >= '0' && digit <= '7'; };
  if (text.empty() || text.size() > 4 || !std::all_of(text.begin(), text.end(), is_octal)) return std::nullopt;
  const auto mode = static_cast<mode_t>(std::stoul(text, nullptr, 8));
  return mode <= 0777 ? std::optional(mode) : std::nullopt;
}

void read_control(ObjectReader& reader, HostConfig& config) {
  config.control_socket = config.state_directory / "control.sock";
  reader.path("control_socket", config.control_socket);
  constexpr std::size_t kMostBytes = sizeof(sockaddr_un::sun_path) - 1;
  if (config.control_socket.string().size() > kMostBytes) {
    reader.fault("control_socket", "'" + config.control_socket.string() + "' is longer than the " +
                                       std::to_string(kMostBytes) +
                                       " bytes that the path of a socket may have; name a shorter one, such as "
                                       "/run/mortise/control.sock");
  }
  std::string mode = "0600";
  reader.text("control_socket_mode", mode);
  const auto parsed = parse_mode(mode);
  if (!parsed) {
    reader.fault("control_socket_mode",
                 "'" + mode + "' is no mode; write octal digits in quotes, like \"0600\" or \"0660\"");
  }
  config.control_socket_mode = parsed.value_or(config.control_socket_mode);
}

void read_apply(ObjectReader& reader, ApplyMode& apply) {
  std::string text = "auto";
  reader.one_of("apply", text, {"auto", "manual"});
  apply = text == "manual" ? ApplyMode::manual : ApplyMode::automatic;
}

void read_retry(ObjectReader& retry, RetryConfig& config) {
  retry.integer("attempts", config.attempts, 1, 1000);
  retry.milliseconds("retry_pause_ms", config.retry_pause, 1, kDayMs);
  retry.milliseconds("max_retry_pause_ms", config.max_retry_pause, 1, kDayMs);
}

}  // namespace

std::string Diagnostic::to_string() const {
  std::string text = file.string();
  if (line != 0) text += ":" + std::to_string(line);
  if (!pointer.empty()) text += ": " + pointer;
  return text + ": " + message;
}

LoadedHost load_host_config(const std::filesystem::path& file, base::Files& files) {
  LoadedHost loaded;
  HostConfig& config = loaded.config;
  config.file = std::filesystem::absolute(file).lexically_normal();
  const auto folder = config.file.parent_path();
  config.drop_directory = (folder / "../../lib/mortise/plugins").lexically_normal();
  config.plugins_directory = folder / "plugins.d";
  config.state_directory = (folder / "../../var/lib/mortise").lexically_normal();

  auto text = parse_json_file(config.file, files.read(config.file, kMaxConfigBytes));
  loaded.problems = text.problems;
  if (const auto stamp = files.stamp(config.file); !stamp && stamp.error().code == base::ErrorCode::not_found) {
    loaded.problems = {{config.file, 0, {}, "no such file; create it ({} will do), or name another by --config"}};
  }
  if (!text.value) return loaded;
  ObjectReader reader(text, *text.value, "", loaded.problems);
  reader.path("drop_directory", config.drop_directory);
  reader.path("plugins_directory", config.plugins_directory);
  reader.path("state_directory", config.state_directory);
  reader.milliseconds("settle_ms", config.settle, 1, 60000);
  reader.milliseconds("probe_timeout_ms", config.probe_timeout, 1, kDayMs);
  reader.milliseconds("init_timeout_ms", config.init_timeout, 1, kDayMs);
  reader.milliseconds("stop_timeout_ms", config.stop_timeout, 1, kDayMs);
  reader.milliseconds("upgrade_timeout_ms", config.upgrade_timeout, 1, kDayMs);
  reader.integer("arena_max_bytes", config.arena_max_bytes, 65536, std::uint64_t{1} << 40);
  reader.integer("left_mapped_limit", config.left_mapped_limit, 0, 1000000);
  read_apply(reader, config.apply_mode);
  config.on_crash = read_on_crash(reader).value_or(config.on_crash);
  read_control(reader, config);
  reader.path("control_group", config.control_group);
  reader.object("edge", [&](ObjectReader& edge) { read_edge(edge, config.edge); });
  reader.object("events", [&](ObjectReader& events) { read_retry(events, config.events); });
  reader.object("tasks", [&](ObjectReader& tasks) { read_retry(tasks, config.tasks); });
  reader.object("log", [&](ObjectReader& log) { read_log(log, config.log); });
  reader.finish();
  return loaded;
}

}  // namespace mortise::config
