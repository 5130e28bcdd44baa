#include "sandbox/control_group.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/files.hpp"

namespace mortise::sandbox {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

// Of the host's own processes, below the delegated group.
constexpr std::string_view kOwnLeaf = "mortise-host";
constexpr std::string_view kPrefixOfPlugins = "plugin-";

constexpr unsigned kPeriodMicroseconds = 100'000;
constexpr unsigned kPercent = 100;

Error error_of(const std::string& what, int cause) {
  return {ErrorCode::failed_precondition, what + ": " + std::strerror(cause)};
}

/// One write call, as these files want it; never makes a file. 0, or why it has failed.
int write_file(const std::string& path, const std::string& text) {
  const base::Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.is_open()) return errno;
  return ::write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

/// "/system.slice/mortise.service", of the line of /proc/self/cgroup that begins with "0::".
std::optional<std::string> own_path() {
  std::ifstream lines("/proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return std::nullopt;
}

/// In the first file system of groups that has `path` in it; see proc(5) for the fields.
std::optional<std::string> find_mounted(const std::string& path) {
  std::ifstream lines("/proc/self/mountinfo");
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream words(line);
    std::string skipped;
    std::string root;
    std::string point;
    words >> skipped >> skipped >> skipped >> root >> point;
    if (root == "/") root.clear();
    if (!path.starts_with(root) || (path.size() > root.size() && path[root.size()] != '/')) continue;
    auto found = point + path.substr(root.size());
    while (found.size() > 1 && found.back() == '/') found.pop_back();
    return found;
  }
  return std::nullopt;
}

/// What systemd leaves on a group with Delegate=.
bool is_delegated(const std::string& group) {
  for (const char* const name : {"user.delegate", "trusted.delegate"}) {
    std::array<char, 8> value{};
    if (::getxattr(group.c_str(), name, value.data(), value.size()) == 1 && value[0] == '1') return true;
  }
  return false;
}

base::Result<std::string> find_delegated() {
  const auto path = own_path();
  const auto group = path ? find_mounted(*path) : std::nullopt;
  if (!group) return Error{ErrorCode::not_found, "cgroup v2 is not mounted"};
  if (is_delegated(*group)) return *group;
  // The one that started this process has settled there.
  const fs::path settled(*group);
  if (settled.filename() == kOwnLeaf && is_delegated(settled.parent_path())) return settled.parent_path().string();
  return Error{
      ErrorCode::permission_denied,
      "nobody has delegated '" + *group +
          "' to the host; have the service manager do so (systemd: Delegate=cpu memory), or name another group "
          "as control_group in mortise.json"};
}

/// Makes a limit of the controller's possible below `parent`, and sets it; else why not. Enabled each time: what has
/// stood in the way (processes in that group) may be gone since.
std::string set_limit(const std::string& parent, const std::string& group, const std::string& controller,
                      const std::string& file, const std::string& text) {
  const auto enabled = write_file(parent + "/cgroup.subtree_control", "+" + controller);
  const auto written = write_file(group + "/" + file, text);
  if (written == 0) return {};
  if (enabled == ENOENT) return "'" + parent + "' does not have this controller";
  if (enabled != 0) return "it cannot be enabled in '" + parent + "': " + std::strerror(enabled);
  return file + ": " + std::strerror(written);
}

/// One that nobody has waited for yet has ended as well.
bool has_ended(const std::string& process) {
  std::ifstream file("/proc/" + process + "/stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(") ");
  if (name_end == std::string::npos) return true;
  const char state = line[name_end + 2];
  return state == 'Z' || state == 'X';
}

/// "plugin-NAME-PID" of a process that has ended.
bool is_left(const std::string& name) {
  if (!name.starts_with(kPrefixOfPlugins)) return false;
  const auto process = name.substr(name.rfind('-') + 1);
  return !process.empty() && process.find_first_not_of("0123456789") == std::string::npos && has_ended(process);
}

}  // namespace

std::string MissingLimits::to_string() const {
  std::string text;
  if (!memory.empty()) text += "memory: " + memory;
  if (!cpu.empty()) text += (text.empty() ? "cpu: " : "; cpu: ") + cpu;
  return text;
}

base::Result<std::string> settle_in_groups(const std::string& configured) {
  if (!configured.empty()) {
    if (::access((configured + "/cgroup.procs").c_str(), W_OK) == 0) return configured;
    return error_of("control_group '" + configured + "' of mortise.json is no control group that the host may use",
                    errno);
  }
  auto group = find_delegated();
  if (!group) return group;
  const auto own = *group + "/" + std::string(kOwnLeaf);
  if (::mkdir(own.c_str(), 0755) != 0 && errno != EEXIST) return error_of(own, errno);
  const auto moved = write_file(own + "/cgroup.procs", std::to_string(::getpid()));
  if (moved != 0) return error_of(own + "/cgroup.procs", moved);
  return group;
}

void remove_left_groups(const std::string& parent) {
  std::error_code fault;
  for (fs::directory_iterator entry(parent, fault); !fault && entry != fs::directory_iterator();
       entry.increment(fault)) {
    if (is_left(entry->path().filename().string())) ::rmdir(entry->path().c_str());
  }
}

base::Result<ControlGroup> ControlGroup::make(const std::string& parent, const std::string& plugin, pid_t process,
                                              const GroupLimits& limits) {
  const auto number = std::to_string(process);
  const auto path = parent + "/" + std::string(kPrefixOfPlugins) + plugin + "-" + number;
  // One that is there was another process's, whose number has come round.
  if (::mkdir(path.c_str(), 0755) != 0 &&
      (errno != EEXIST || ::rmdir(path.c_str()) != 0 || ::mkdir(path.c_str(), 0755) != 0)) {
    return error_of(path, errno);
  }
  ControlGroup group(path);
  group.limit(parent, limits);
  if (const auto added = write_file(path + "/cgroup.procs", number); added != 0) {
    return error_of(path + "/cgroup.procs", added);
  }
  return group;
}

void ControlGroup::limit(const std::string& parent, const GroupLimits& limits) {
  if (limits.memory_bytes > 0) {
    missing_.memory = set_limit(parent, path_, "memory", "memory.max", std::to_string(limits.memory_bytes));
    // What does not fit is not to make the machine slow instead. A kernel without swap has no such file.
    static_cast<void>(write_file(path_ + "/memory.swap.max", "0"));
  }
  if (limits.cpu_percent > 0) {
    const auto microseconds = limits.cpu_percent * (kPeriodMicroseconds / kPercent);
    missing_.cpu = set_limit(parent, path_, "cpu", "cpu.max",
                             std::to_string(microseconds) + " " + std::to_string(kPeriodMicroseconds));
  }
}

ControlGroup::ControlGroup(ControlGroup&& other) noexcept
    : path_(std::exchange(other.path_, {})), missing_(std::move(other.missing_)) {}

ControlGroup::~ControlGroup() {
  if (!path_.empty()) ::rmdir(path_.c_str());
}

bool tell_of_own_limit(std::istream& events) {
  bool was_past_limit = false;
  bool was_killed = false;
  std::string event;
  for (std::uint64_t count = 0; events >> event >> count;) {
    was_past_limit |= event == "oom" && count > 0;
    was_killed |= event == "oom_kill" && count > 0;
  }
  return was_past_limit && was_killed;
}

bool ControlGroup::has_run_out_of_memory() const {
  std::ifstream events(path_ + "/memory.events");
  return tell_of_own_limit(events);
}

}  // namespace mortise::sandbox
