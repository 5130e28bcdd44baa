// The real `mortise serve` over a prefix: started, watched through what it tells (log, status.json, ports), stopped by
// its pid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/child.hpp"
#include "support/http_client.hpp"
#include "support/prefix.hpp"

namespace mortise::integration {

/// `mortise` with these arguments and the prefix's --config, to its end.
Finished mortise(const Prefix& prefix, std::vector<std::string> arguments, const ChildSettings& settings = {});

/// One thread. A host that still runs at destruction is killed.
class Host {
 public:
  /// Starts the process and returns at once.
  explicit Host(const Prefix& prefix, const ChildSettings& settings = {});

  /// Waits until the first pass is done: what is enabled runs or has failed.
  void wait_until_ready() const;
  /// Of the first address, from the file `ports`.
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] Client connect() const { return Client(port()); }
  /// One request over a connection of its own.
  [[nodiscard]] Answer get(const std::string& target) const { return connect().get(target); }

  /// Waits until status.json is as `matches` wants it.
  void wait_for_status(const std::function<bool(const nlohmann::json&)>& matches) const;
  /// Waits until status.json tells of the plugin what `matches` wants, and returns that.
  nlohmann::json wait_for_plugin(const std::string& name,
                                 const std::function<bool(const nlohmann::json&)>& matches) const;
  nlohmann::json wait_for_state(const std::string& name, const std::string& state) const;
  nlohmann::json wait_for_version(const std::string& name, const std::string& version) const;
  /// Waits until no plugin of that name runs.
  void wait_until_gone(const std::string& name) const;
  /// Likewise for a file of the drop directory, by its name ("good.so").
  nlohmann::json wait_for_file(const std::string& name, const std::string& state) const;
  [[nodiscard]] nlohmann::json status() const;
  /// Waits until status.json is that of another host, which has taken this one's place.
  void wait_for_status_of(pid_t pid) const;

  /// What the control API answers; throws when it answers with a problem.
  nlohmann::json ask(const std::string& method, const std::string& target, const std::string& body = "") const;
  /// Has it apply, and wants that to succeed.
  void apply() const;
  /// Waits until so many generations are left, as the host says now: status.json may still be that of a moment before
  /// the last release.
  void wait_until_drained(std::size_t generations) const;

  /// Waits for a line of the JSON log with this message for which `matches` is true.
  nlohmann::json wait_for_log(const std::string& message,
                              const std::function<bool(const nlohmann::json&)>& matches = {}) const;
  /// Likewise for a line in any format that has this in it.
  void wait_for_text(const std::string& part) const;
  /// What has come by now; all of it once the host has ended.
  [[nodiscard]] std::string log_text() const;

  /// Of the supervisor, which signals go to.
  [[nodiscard]] pid_t pid() const { return child_.pid(); }
  /// Of the host process under it, which runs the plugins; as status.json tells.
  [[nodiscard]] pid_t process() const;
  /// From here on no file that it writes grows beyond the size that this one has, as on a full disk; until make_room().
  void fill_disk(const std::filesystem::path& file) const;
  void make_room() const;
  /// Waits until another host process than this one has done its first pass.
  void wait_for_restart(pid_t former) const;
  [[nodiscard]] bool has_ended() const { return child_.has_ended(); }
  void signal(int number) const { child_.signal(number); }
  /// Of the supervisor, and where it was killed, of the host process that dies with it.
  int wait();
  /// SIGTERM, and the exit code.
  int stop();

 private:
  const Prefix& prefix_;
  Child child_;
};

}  // namespace mortise::integration
