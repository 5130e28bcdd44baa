#include "sandbox/file_access.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/files.hpp"

namespace mortise::sandbox {
namespace {

// The kernel's header of the distribution is older than the kernels that people run: what it lacks stands here.
struct Ruleset {
  std::uint64_t files;
  std::uint64_t network;  // since version 4
  std::uint64_t scopes;   // since version 6
};
constexpr std::uint64_t kRefer = 1U << 13U;  // since version 2
constexpr long kTruncateSince = 3;
constexpr std::uint64_t kTruncate = 1U << 14U;
constexpr std::uint64_t kIoctl = 1U << 15U;  // since version 5
constexpr std::uint64_t kBind = 1U << 0U;
constexpr std::uint64_t kConnect = 1U << 1U;
constexpr std::uint64_t kSockets = 1U << 0U;  // those with abstract names
constexpr std::uint64_t kSignals = 1U << 1U;

constexpr std::uint64_t kFirstRights = (1U << 13U) - 1;  // of version 1
constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kOfFiles =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | kTruncate | kIoctl;
constexpr std::uint64_t kReadAndWrite = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;

constexpr std::array kToRead{"/usr",           "/lib",          "/lib64",        "/etc/ld.so.cache",
                             "/etc/localtime", "/etc/passwd",   "/etc/group",    "/etc/nsswitch.conf",
                             "/proc/self",     "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu"};
// With the directories into which the first leads where something else writes it.
constexpr std::array kToConnect{
    "/etc/resolv.conf",     "/run/systemd/resolve", "/run/NetworkManager", "/run/resolvconf", "/etc/hosts",
    "/etc/host.conf",       "/etc/gai.conf",        "/etc/services",       "/etc/protocols",  "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs",   "/etc/pki/ca-trust"};
constexpr std::array kDevices{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};

std::uint64_t rights_of(long version) {
  return kFirstRights | (version >= 2 ? kRefer : 0) | (version >= kTruncateSince ? kTruncate : 0) |
         (version >= 5 ? kIoctl : 0);
}

std::size_t size_of(long version) {
  return version >= 6 ? sizeof(Ruleset) : version >= 4 ? offsetof(Ruleset, scopes) : offsetof(Ruleset, network);
}

/// One set of rules in the making.
class Rules {
 public:
  Rules(long version, bool may_connect) : rights_(rights_of(version)) {
    const Ruleset wanted{
        .files = rights_, .network = kBind | (may_connect ? 0 : kConnect), .scopes = kSockets | kSignals};
    set_ = base::Descriptor(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &wanted, size_of(version), 0)));
  }

  [[nodiscard]] bool is_open() const { return set_.is_open(); }

  /// A path that is not there is left out: there is nothing to be read.
  bool allow(const char* path, std::uint64_t rights) {
    const base::Descriptor at(::open(path, O_PATH | O_CLOEXEC));
    struct stat what {};
    if (!at.is_open() || ::fstat(at.get(), &what) != 0) return errno == ENOENT;
    if (!S_ISDIR(what.st_mode)) rights &= kOfFiles;
    const landlock_path_beneath_attr rule{.allowed_access = rights & rights_, .parent_fd = at.get()};
    return ::syscall(SYS_landlock_add_rule, set_.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  }

  bool enforce() { return ::syscall(SYS_landlock_restrict_self, set_.get(), 0) == 0; }

 private:
  std::uint64_t rights_;
  base::Descriptor set_;
};

}  // namespace

std::string limit_file_access(const Settings& settings) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return "this kernel has no Landlock, or does not use it";
  Rules rules(version, settings.may_connect);
  bool is_done = rules.is_open();
  for (const auto* path : kToRead) is_done = is_done && rules.allow(path, kRead);
  for (const auto* path : kDevices) is_done = is_done && rules.allow(path, kReadAndWrite);
  if (settings.may_connect) {
    for (const auto* path : kToConnect) is_done = is_done && rules.allow(path, kRead);
  }
  is_done = is_done && rules.allow(settings.image.c_str(), kRead);
  is_done = is_done && rules.allow(settings.data_directory.c_str(), ~std::uint64_t{LANDLOCK_ACCESS_FS_EXECUTE});
  if (!is_done || !rules.enforce()) return std::strerror(errno);
  return version >= kTruncateSince ? "" : "this kernel's Landlock does not keep it from truncating files";
}

}  // namespace mortise::sandbox
