#include "support/host.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>
#include <array>
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <Poco/Net/SocketAddress.h>

#include "base/files.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;

std::vector<std::string> command_line(const Prefix& prefix, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), prefix.executable());
  arguments.insert(arguments.end(), {"--config", prefix.config_file()});
  return arguments;
}

/// Blocks until something in a directory has changed since the last call, or since construction.
class DirectoryEvents {
 public:
  explicit DirectoryEvents(const std::filesystem::path& directory) : inotify_(::inotify_init1(IN_CLOEXEC)) {
    if (::inotify_add_watch(inotify_.get(), directory.c_str(), IN_MOVED_TO | IN_DELETE) < 0) {
      throw std::runtime_error("cannot watch " + directory.string());
    }
  }

  bool wait(std::chrono::steady_clock::time_point deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd changed{.fd = inotify_.get(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&changed, 1, static_cast<int>(left.count())) != 1) return false;
    alignas(inotify_event) std::array<char, 4096> events;
    return ::read(inotify_.get(), events.data(), events.size()) > 0;
  }

 private:
  base::Descriptor inotify_;
};

}  // namespace

Finished mortise(const Prefix& prefix, std::vector<std::string> arguments, const ChildSettings& settings) {
  auto command = command_line(prefix, std::move(arguments));
  command.front() = built_executable();  // what lies in the prefix may be broken
  return run(command, settings);
}

Host::Host(const Prefix& prefix, const ChildSettings& settings)
    : prefix_(prefix), child_(command_line(prefix, {"serve"}), settings) {}

void Host::wait_until_ready() const { wait_for_log("ready"); }

std::uint16_t Host::port() const {
  std::ifstream file(prefix_.state_directory() / "ports");
  std::string address;
  std::getline(file, address);
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

json Host::status() const {
  return json::parse(testing::read_file(prefix_.state_directory() / "status.json"), nullptr, false);
}

void Host::wait_for_status(const std::function<bool(const json&)>& matches) const {
  DirectoryEvents events(prefix_.state_directory());
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const auto document = status();
    if (document.is_object() && matches(document)) return;
    if (!events.wait(deadline)) {
      throw std::runtime_error("status.json never said what was waited for:\n" + document.dump(2) + "\n" + log_text());
    }
  }
}

void Host::wait_for_status_of(pid_t pid) const {
  wait_for_status([&](const json& status) { return status["pid"] == pid; });
}

json Host::wait_for_plugin(const std::string& name, const std::function<bool(const json&)>& matches) const {
  json found;
  wait_for_status([&](const json& status) {
    for (const auto& plugin : status["plugins"]) {
      if (plugin["name"] != name || !matches(plugin)) continue;
      found = plugin;
      return true;
    }
    return false;
  });
  return found;
}

json Host::wait_for_state(const std::string& name, const std::string& state) const {
  return wait_for_plugin(name, [&](const json& plugin) { return plugin["state"] == state; });
}

json Host::wait_for_version(const std::string& name, const std::string& version) const {
  return wait_for_plugin(
      name, [&](const json& plugin) { return plugin["state"] == "active" && plugin["version"] == version; });
}

void Host::wait_until_gone(const std::string& name) const {
  wait_for_status([&](const json& status) {
    for (const auto& plugin : status["plugins"]) {
      if (plugin["name"] == name) return false;
    }
    return true;
  });
}

json Host::wait_for_file(const std::string& name, const std::string& state) const {
  json found;
  const auto path = (prefix_.drop_directory() / name).string();
  wait_for_status([&](const json& status) {
    for (const auto& file : status["files"]) {
      if (file["path"] != path || file["state"] != state) continue;
      found = file;
      return true;
    }
    return false;
  });
  return found;
}

json Host::ask(const std::string& method, const std::string& target, const std::string& body) const {
  using Poco::Net::SocketAddress;
  const auto socket = (prefix_.state_directory() / "control.sock").string();
  Client client(Poco::Net::StreamSocket(SocketAddress(SocketAddress::UNIX_LOCAL, socket)));
  const auto answer = client.send(method, target, body, {{"Host", "localhost"}});
  if (answer.status != 200) throw std::runtime_error(method + " " + target + ": " + answer.body);
  return answer.json();
}

void Host::fill_disk(const std::filesystem::path& file) const {
  const rlimit limit{std::filesystem::file_size(file), RLIM_INFINITY};
  if (::prlimit(process(), RLIMIT_FSIZE, &limit, nullptr) != 0) throw std::runtime_error("cannot limit files' sizes");
}

void Host::make_room() const {
  const rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  if (::prlimit(process(), RLIMIT_FSIZE, &limit, nullptr) != 0) throw std::runtime_error("cannot limit files' sizes");
}

void Host::apply() const {
  const auto outcome = ask("POST", "/v1/apply");
  if (outcome["result"] != "applied") throw std::runtime_error("not applied: " + outcome.dump(2) + "\n" + log_text());
}

void Host::wait_until_drained(std::size_t generations) const {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const auto plugins = ask("GET", "/v1/status")["plugins"];
    if (plugins.size() == generations) return;
    if (std::chrono::steady_clock::now() >= deadline) {
      throw std::runtime_error("not drained: " + plugins.dump(2) + "\n" + log_text());
    }
    std::this_thread::yield();
  }
}

json Host::wait_for_log(const std::string& message, const std::function<bool(const json&)>& matches) const {
  const auto line = child_.error_output().wait_for([&](const std::string& text) {
    const auto parsed = json::parse(text, nullptr, false);
    return parsed.is_object() && parsed.value("message", "") == message && (!matches || matches(parsed));
  });
  return json::parse(line);
}

void Host::wait_for_text(const std::string& part) const {
  child_.error_output().wait_for([&](const std::string& line) { return line.find(part) != std::string::npos; });
}

std::string Host::log_text() const {
  const auto& output = child_.error_output();
  std::string text;
  for (const auto& line : has_ended() ? output.all_lines() : output.lines()) text += line + "\n";
  return text;
}

pid_t Host::process() const { return status().at("host_pid").get<pid_t>(); }

void Host::wait_for_restart(pid_t former) const {
  wait_for_status([&](const json& status) { return status["host_pid"] != former; });
}

int Host::wait() {
  const auto document = status();
  const int code = child_.wait();
  if (code == -SIGKILL && document.is_object() && document["pid"] == pid()) {
    wait_for_last_moment(document["host_pid"].get<pid_t>());
  }
  return code;
}

int Host::stop() {
  signal(SIGTERM);
  return wait();
}

}  // namespace mortise::integration
