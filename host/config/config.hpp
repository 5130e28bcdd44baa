// From mortise.json and plugins.d/*.json to values: the desired state as the admin wrote it. Comments are
// allowed. Every complaint names file, line, JSON pointer and what to write instead.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.hpp"
#include "base/listing.hpp"
#include "base/persistent_set.hpp"
#include "base/result.hpp"

namespace mortise::config {

/// A fault in a configuration file.
struct Diagnostic {
  std::filesystem::path file;
  std::size_t line = 0;  // 1 upwards; 0: the file as a whole
  std::string pointer;   // "/edge/port"
  std::string message;   // what is wrong, and what to write instead

  /// "mortise.json:12: /edge/prot: unknown key 'prot'; did you mean 'port'?"
  [[nodiscard]] std::string to_string() const;
};

struct TlsConfig {
  std::filesystem::path certificate;  // PEM chain
  std::filesystem::path key;          // PEM
  // Where they stand in mortise.json, for faults of the files.
  std::size_t certificate_line = 0;
  std::size_t key_line = 0;
};

/// One address that the edge listens on.
struct ListenConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: the kernel chooses
  std::optional<TlsConfig> tls;
};

struct EdgeConfig {
  std::vector<ListenConfig> listen{ListenConfig{}};
  unsigned threads = 0;  // loops; 0: one per core that we may run on
  unsigned blocking_threads = 64;
  std::uint64_t max_header_bytes = 16384;
  std::uint64_t max_body_bytes = 1048576;
  std::uint32_t max_connections = 65536;
  std::chrono::milliseconds header_timeout{10000};  // first byte of a request to the end of its head
  std::chrono::milliseconds body_timeout{30000};    // between two pieces of a body
  std::chrono::milliseconds idle_timeout{75000};    // keep-alive without a request
  std::chrono::milliseconds write_timeout{30000};   // a client that does not read
  std::chrono::milliseconds shutdown_grace{10000};  // requests in flight at stop
  bool access_log = false;
};

struct LogConfig {
  std::string level = "info";     // debug, info, warning, error
  std::string format = "auto";    // auto, text, json
  std::filesystem::path file;     // empty: standard error
  std::string rotation = "10 M";  // Poco's notation; only with a file
  unsigned keep = 5;              // rotated files
};

/// What becomes of something durable that a plugin fails with.
struct RetryConfig {
  unsigned attempts;                      // then it is dead
  std::chrono::milliseconds retry_pause;  // after the first; three times as long after each further one
  std::chrono::milliseconds max_retry_pause;
};

/// What the host does of itself when plugins.d or the drop directory has changed.
enum class ApplyMode {
  automatic,  // applies it
  manual,     // nothing, until `mortise apply`
};

/// What becomes of a plugin that has crashed the host.
enum class OnCrash {
  isolate,     // the same version runs in a process of its own, until an admin or another version says otherwise
  quarantine,  // it does not run again until an admin or another version says so
  restart,     // it runs again, unless it crashes too often
};

/// Where a plugin's code runs.
enum class Placement {
  in_line,   // in the host process
  isolated,  // in a process of its own
  remote,    // in another host
};

/// mortise.json. Relative paths are relative to the file's own folder; here they are absolute.
struct HostConfig {
  std::filesystem::path file;
  std::filesystem::path drop_directory;     // default ../../lib/mortise/plugins
  std::filesystem::path plugins_directory;  // plugins.d, default beside mortise.json
  std::filesystem::path state_directory;    // default ../../var/lib/mortise
  std::chrono::milliseconds settle{200};
  std::chrono::milliseconds probe_timeout{5000};
  std::chrono::milliseconds init_timeout{10000};
  std::chrono::milliseconds stop_timeout{10000};
  std::chrono::milliseconds upgrade_timeout{60000};  // for a new host to take over from this one
  std::uint64_t arena_max_bytes = 67108864;          // of one scope
  std::uint64_t left_mapped_limit = 32;              // images of retired plugins in memory, before the admin is told
  ApplyMode apply_mode = ApplyMode::automatic;
  OnCrash on_crash = OnCrash::isolate;   // of plugins that do not say
  std::filesystem::path control_socket;  // default control.sock in the state directory; at most 107 bytes
  mode_t control_socket_mode = 0600;
  std::filesystem::path control_group;  // in which isolated plugins get theirs; empty: the one delegated to the host
  EdgeConfig edge;
  RetryConfig events{
      .attempts = 8, .retry_pause = std::chrono::milliseconds(100), .max_retry_pause = std::chrono::minutes(1)};
  RetryConfig tasks{
      .attempts = 10, .retry_pause = std::chrono::milliseconds(1000), .max_retry_pause = std::chrono::hours(1)};
  LogConfig log;
};

/// What a version that replaces another one must keep to, or the release that brought it is rolled back.
struct ProbationConfig {
  std::chrono::milliseconds duration{60000};  // from the switch on; 0: nobody looks
  std::uint64_t requests = 20;                // before so many were answered nothing is concluded
  unsigned max_error_percent = 25;
  std::optional<std::chrono::milliseconds> max_p95;  // none: as slow as it likes
};

/// The share of the requests that a version which replaces another one gets before the switch.
struct CanaryConfig {
  unsigned percent = 5;
  std::chrono::milliseconds duration{0};
  // By what requests keep together: "address", "header:NAME", "cookie:NAME"; empty: each is a draw of its own.
  std::string key;
};

/// What a plugin may take of the host for its requests.
struct LimitsConfig {
  std::uint32_t concurrency = 0;              // requests inside at once; 0: any number
  std::uint32_t queue = 64;                   // requests that wait for one of these places
  std::chrono::milliseconds deadline{60000};  // to the beginning of an answer; 0: none
  unsigned threads = 0;                       // of the blocking pool at a time; 0: half of them
  std::uint32_t log_lines = 1000;             // a second; 0: any number
};

/// When a plugin is not asked for a while because it fails.
struct CircuitConfig {
  std::uint64_t requests = 20;      // in the window, before anything is concluded
  unsigned max_error_percent = 50;  // 100: never
  std::chrono::milliseconds window{10000};
  std::chrono::milliseconds open_for{5000};
  unsigned probes = 3;  // that must succeed before all is as before
};

/// What is taken from the process of an isolated plugin.
struct SandboxConfig {
  bool is_required = false;        // it does not start where a part of it cannot be had
  bool grants_network = false;     // as a client, if its manifest asks for it
  std::uint64_t memory_bytes = 0;  // that it may allocate; 0: any amount
  unsigned cpu_percent = 0;        // of one processor; 0: as much as there is

  bool operator==(const SandboxConfig&) const = default;
};

/// Which of a plugin's contracts can be called over HTTP.
struct ExposeConfig {
  bool has_all = false;               // whatever it provides
  std::set<std::string> contracts{};  // otherwise these: "boutique.currency/1"

  bool operator==(const ExposeConfig&) const = default;
};

/// plugins.d/NAME.json.
struct PluginConfig {
  std::string name;  // the file's name
  std::string file;
  bool enabled = true;
  std::string version = "*";                     // range, as in manifest::VersionRange
  std::shared_ptr<const nlohmann::json> config;  // the `config` object; null: {}
  std::string config_text;                       // the same as JSON text, "{}" when none
  Placement placement = Placement::in_line;
  std::string remote;  // the URL of the other host, where it is remote: "http://10.0.0.7:8080"
  // What is placed inline moves there when it has served so many requests, isolated, without a fault; 0: at once.
  std::uint64_t isolated_first = 0;
  unsigned workers = 1;                             // processes that run it where it is isolated
  SandboxConfig sandbox;                            // likewise
  std::map<std::string, std::size_t> config_lines;  // pointer below /config -> line, for schema complaints
  ExposeConfig expose;
  std::map<std::string, std::size_t> expose_lines;  // where each of its contracts is named, for complaints
  LimitsConfig limits;
  CircuitConfig circuit;
  ProbationConfig probation;
  std::optional<CanaryConfig> canary;  // none: the switch comes at once
  std::optional<OnCrash> on_crash;     // none: as mortise.json has it
};

struct LoadedHost {
  HostConfig config;
  std::vector<Diagnostic> problems;  // empty: valid
};
/// Shared by those who work on a release: never changed once it is read.
using PluginConfigPtr = std::shared_ptr<const PluginConfig>;

/// "NAME.json"
struct FileNameOfPlugin {
  std::string_view operator()(const PluginConfigPtr& plugin) const {
    return std::string_view(plugin->file).substr(plugin->file.rfind('/') + 1);
  }
};
using PluginConfigSet = base::PersistentSet<PluginConfigPtr, FileNameOfPlugin>;

struct LoadedPlugins {
  PluginConfigSet plugins;           // the valid ones, by file; never null
  std::vector<Diagnostic> problems;  // the others' faults, by file
};

/// Reads mortise.json. A missing file is a problem like any other.
LoadedHost load_host_config(const std::filesystem::path& file, base::Files& files);

/// Reads every *.json in the directory. A faulty file hides only its own plugin.
LoadedPlugins load_plugin_configs(const std::filesystem::path& directory, base::Files& files);

/// plugins.d over time: what has not changed is not read again. One thread.
class PluginConfigs {
 public:
  /// What the time is; files' stamps must be of the same clock.
  using Now = std::function<std::chrono::system_clock::time_point()>;

  PluginConfigs(std::filesystem::path directory, base::Files& files, Now now = &std::chrono::system_clock::now);

  /// As load_plugin_configs().
  LoadedPlugins load();
  /// The next one asks for each file, whatever the kernel has told of them; see base::ChangeJournal.
  void distrust() noexcept { listing_.distrust(); }

 private:
  struct Known {
    base::FileStamp stamp;
    bool is_settled = false;  // another content would have another stamp
    std::vector<Diagnostic> problems;
  };

  [[nodiscard]] bool is_settled(const base::FileStamp& stamp) const;
  PluginConfigPtr look_at(std::span<const base::ListedFile> listed, const std::string& path,
                          const base::Result<base::Directory>& directory);
  void forget(const std::string& path);

  std::filesystem::path directory_;
  base::Files& files_;
  base::Listing listing_;
  Now now_;
  std::map<std::string, Known> known_;  // by path
  std::set<std::string> unsure_;        // the paths of those that are not settled
  std::set<std::string> faulty_;        // of those that have problems
  PluginConfigSet plugins_;             // of those that have none
};

/// Checks a plugin's `config` against its manifest's JSON Schema (valijson). A null schema takes only {}.
std::vector<Diagnostic> check_against_schema(const PluginConfig& plugin, const nlohmann::json* schema);

/// Writes `"enabled": value` into plugins.d/NAME.json, keeping the rest of the file (comments too) as it is;
/// creates the file when there is none. Refuses a file that does not parse.
base::Result<void> set_enabled(const std::filesystem::path& directory, const std::string& name, bool value,
                               base::Files& files);

}  // namespace mortise::config
